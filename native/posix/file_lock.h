#pragma once

#include <string>

#include "posix/file_descriptor.h"

namespace vsc {

/**
 * An exclusive flock on a file, held until released or until the process ends, however it ends.
 * Each lock has an open file of its own, so two in one process exclude each other too.
 */
class FileLock {
 public:
  /** Throws NativeError LOCK_HELD with the holder's process id, or an ErrnoError. */
  explicit FileLock(const std::string& path);

  void Release() noexcept;

 private:
  void SetSize(off_t size) noexcept;
  FileDescriptor file_;
};

}  // namespace vsc
