#include "ifd/log.h"

#include <dlfcn.h>
#include <syslog.h>

#include <system_error>

namespace vsc::ifd {

namespace {

/** pcscd's own log function, which handlers find in the process that loads them. */
using LogFunction = void (*)(int priority, const char* format, ...);

constexpr int kPcscInfo = 1;
constexpr int kPcscError = 2;

void Log(int priority, int syslog_priority, const std::string& message) {
  static const auto log = reinterpret_cast<LogFunction>(dlsym(RTLD_DEFAULT, "log_msg"));
  if (log) {
    log(priority, "virtual-smartcard: %s", message.c_str());
  } else {
    syslog(LOG_DAEMON | syslog_priority, "virtual-smartcard: %s", message.c_str());
  }
}

}  // namespace

void LogInfo(const std::string& message) {
  Log(kPcscInfo, LOG_INFO, message);
}

void LogError(const std::string& message) {
  Log(kPcscError, LOG_ERR, message);
}

std::string Failure(const std::string& action, int error_number) {
  return action + ": " + std::generic_category().message(error_number);
}

}  // namespace vsc::ifd
