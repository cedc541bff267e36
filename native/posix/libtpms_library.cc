#include "posix/libtpms_library.h"

#include <dlfcn.h>
#include <fcntl.h>

#include <cerrno>
#include <string>

#include "node/native_error.h"
#include "posix/errno_error.h"

namespace vsc {

namespace {

std::string LinkerMessage() {
  const char* message = dlerror();
  return message != nullptr ? message : "no reason given";
}

template <typename Function>
void Resolve(void* library, const char* name, Function& function) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) {
    throw NativeError("LIBTPMS_NOT_FOUND", "Unusable libtpms: " + LinkerMessage());
  }
  function = reinterpret_cast<Function>(symbol);
}

/** On a failure libtpms prints the command that led to it, secrets included: nobody gets to see
 * that. */
void Silence(const LibtpmsLibrary& library) {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) throw ErrnoError(errno, "open /dev/null");
  // Stays open for the life of the process, as the library does.
  library.set_debug_fd(nowhere);
}

LibtpmsLibrary LoadOnce() {
  if (void* handle = dlopen(LIBTPMS_FILE, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)) {
    dlclose(handle);
    throw NativeError("LIBTPMS_BUSY",
                      "Other code in this process, perhaps a second copy of this package, uses "
                      "libtpms, which can run one TPM only");
  }
  void* handle = dlopen(LIBTPMS_FILE, RTLD_NOW | RTLD_LOCAL | LIBTPMS_BINDING);
  if (handle == nullptr) {
    throw NativeError("LIBTPMS_NOT_FOUND", "Could not load libtpms: " + LinkerMessage());
  }
  LibtpmsLibrary library;
  Resolve(handle, "TPMLIB_ChooseTPMVersion", library.choose_version);
  Resolve(handle, "TPMLIB_RegisterCallbacks", library.register_callbacks);
  Resolve(handle, "TPMLIB_MainInit", library.main_init);
  Resolve(handle, "TPMLIB_Terminate", library.terminate);
  Resolve(handle, "TPMLIB_Process", library.process);
  Resolve(handle, "TPMLIB_CancelCommand", library.cancel_command);
  Resolve(handle, "TPMLIB_SetDebugFD", library.set_debug_fd);
  Silence(library);
  return library;
}

}  // namespace

const LibtpmsLibrary& LibtpmsLibrary::Load() {
  // After a throw the next call tries again: the library may have been installed meanwhile.
  static const LibtpmsLibrary library = LoadOnce();
  return library;
}

}  // namespace vsc
