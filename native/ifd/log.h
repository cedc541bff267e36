#pragma once

#include <string>

namespace vsc::ifd {

/** Adds a line to pcscd's log. It never holds any part of an APDU. */
void LogInfo(const std::string& message);
void LogError(const std::string& message);

/** "bind /run/x/slot-0: Permission denied", for the log. */
std::string Failure(const std::string& action, int error_number);

}  // namespace vsc::ifd
