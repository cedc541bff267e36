#include "posix/errno_error.h"

#include <cerrno>
#include <system_error>

namespace vsc {

std::string ErrnoName(int number) {
  struct Name {
    int number;
    const char* name;
  };
  static constexpr Name kNames[] = {
      {EACCES, "EACCES"},
      {EAGAIN, "EAGAIN"},
      {EBADF, "EBADF"},
      {EBUSY, "EBUSY"},
      {EDQUOT, "EDQUOT"},
      {EEXIST, "EEXIST"},
      {EFAULT, "EFAULT"},
      {EFBIG, "EFBIG"},
      {EINTR, "EINTR"},
      {EINVAL, "EINVAL"},
      {EIO, "EIO"},
      {EISDIR, "EISDIR"},
      {ELOOP, "ELOOP"},
      {EMFILE, "EMFILE"},
      {EMSGSIZE, "EMSGSIZE"},
      {ENAMETOOLONG, "ENAMETOOLONG"},
      {ENFILE, "ENFILE"},
      {ENODEV, "ENODEV"},
      {ENOENT, "ENOENT"},
      {ENOLCK, "ENOLCK"},
      {ENOMEM, "ENOMEM"},
      {ENOSPC, "ENOSPC"},
      {ENOSYS, "ENOSYS"},
      {ENOTDIR, "ENOTDIR"},
      {ENOTSUP, "ENOTSUP"},
      {ENXIO, "ENXIO"},
      {EPERM, "EPERM"},
      {EPIPE, "EPIPE"},
      {EPROTO, "EPROTO"},
      {EROFS, "EROFS"},
      {ESTALE, "ESTALE"},
      {ETIME, "ETIME"},
      {ETIMEDOUT, "ETIMEDOUT"},
      {ETXTBSY, "ETXTBSY"},
      {ECANCELED, "ECANCELED"},
  };
  for (const Name& name : kNames) {
    if (name.number == number) return name.name;
  }
  return "E" + std::to_string(number);
}

NativeError ErrnoError(int number, const std::string& action) {
  const std::string name = ErrnoName(number);
  return NativeError(name, "Could not " + action + ": " + std::generic_category().message(number) +
                               " (" + name + ")");
}

}  // namespace vsc
