#pragma once

#include <string>

namespace lab {

/**
 * Enters a reader's device node where SetupAPI looks for it, as the PnP manager does: at once, or
 * on a thread of its own after `lagMs`.
 */
void AddReaderNode(const std::wstring& instanceId, const std::wstring& friendlyName,
                   unsigned lagMs);
/** A node that is not there is removed already. */
void RemoveReaderNode(const std::wstring& instanceId);

}  // namespace lab
