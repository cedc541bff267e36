#pragma once

#include <string>

#include "node/native_error.h"

namespace vsc {

/** The symbolic name of an errno value, `ENOENT` for example. */
std::string ErrnoName(int number);

/** "Could not open /dev/tpmrm0: Permission denied (EACCES)", with the errno's name as code. */
NativeError ErrnoError(int number, const std::string& action);

}  // namespace vsc
