#pragma once

#include <string>
#include <vector>

#include "windows/winscard/scard_context.h"

namespace vsc {

/** Names of all readers, `Microsoft Virtual Smart Card 0` for example; none is no error. */
std::vector<std::wstring> ReaderNames(const ScardContext& context);

}  // namespace vsc
