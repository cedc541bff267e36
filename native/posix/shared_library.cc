#include "posix/shared_library.h"

#include <dlfcn.h>

#include "node/native_error.h"

namespace vsc {

namespace {

/** The address, or why there is none. */
void* Require(void* address, const SharedLibrary::Errors& errors, const char* problem) {
  if (address != nullptr) return address;
  const char* message = dlerror();
  const std::string reason = message != nullptr ? message : "no reason given";
  throw NativeError(errors.code, std::string(problem) + ": " + reason);
}

}  // namespace

SharedLibrary::SharedLibrary(const char* file, int flags, const Errors& errors)
    : errors_(errors), handle_(Require(dlopen(file, flags), errors, errors.not_loaded)) {}

void* SharedLibrary::Symbol(const char* name) const {
  return Require(dlsym(handle_, name), errors_, errors_.unusable);
}

}  // namespace vsc
