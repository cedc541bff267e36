#pragma once

#include <mutex>
#include <string>

namespace lab {

/**
 * Held while a card comes or goes together with its node: as soon as a card is gone, another one
 * may have its number.
 */
using CardAndNode = std::lock_guard<std::mutex>;
std::mutex& CardsAndNodes();

/**
 * Enters a reader's device node where SetupAPI looks for it, as the PnP manager does: at once, or
 * on a thread of its own after `lagMs`.
 */
void AddReaderNode(const std::wstring& instanceId, const std::wstring& friendlyName,
                   unsigned lagMs);
/** A node that is not there is removed already. */
void RemoveReaderNode(const std::wstring& instanceId);

}  // namespace lab
