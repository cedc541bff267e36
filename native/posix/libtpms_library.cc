#include "posix/libtpms_library.h"

#include <dlfcn.h>
#include <fcntl.h>

#include <cerrno>

#include "node/native_error.h"
#include "posix/errno_error.h"
#include "posix/shared_library.h"

namespace vsc {

namespace {

constexpr SharedLibrary::Errors kErrors = {"LIBTPMS_NOT_FOUND", "Could not load libtpms",
                                           "Unusable libtpms"};

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
  const SharedLibrary file(LIBTPMS_FILE, RTLD_NOW | RTLD_LOCAL | LIBTPMS_BINDING, kErrors);
  LibtpmsLibrary library;
  file.Resolve("TPMLIB_ChooseTPMVersion", library.choose_version);
  file.Resolve("TPMLIB_RegisterCallbacks", library.register_callbacks);
  file.Resolve("TPMLIB_MainInit", library.main_init);
  file.Resolve("TPMLIB_Terminate", library.terminate);
  file.Resolve("TPMLIB_Process", library.process);
  file.Resolve("TPMLIB_CancelCommand", library.cancel_command);
  file.Resolve("TPMLIB_SetDebugFD", library.set_debug_fd);
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
