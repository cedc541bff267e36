#include "posix/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <thread>

#include "posix/errno_error.h"

namespace vsc {

namespace {

constexpr int kReads = 5;

/** The process id in the file; none when its holder has not written it yet. */
std::optional<std::int64_t> ReadHolder(const FileDescriptor& file) {
  char text[24] = {};
  const ssize_t count = Uninterrupted([&] { return pread(file.get(), text, sizeof(text) - 1, 0); });
  if (count <= 0) return std::nullopt;
  const std::int64_t pid = std::strtoll(text, nullptr, 10);
  if (pid <= 0) return std::nullopt;
  return pid;
}

bool IsAlive(std::optional<std::int64_t> holder) {
  return holder && (kill(static_cast<pid_t>(*holder), 0) == 0 || errno == EPERM);
}

/** The holder may be about to write its process id over that of an earlier one. */
NativeError HeldError(const std::string& path, const FileDescriptor& file) {
  std::optional<std::int64_t> holder = ReadHolder(file);
  for (int i = 0; i < kReads && !IsAlive(holder); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    holder = ReadHolder(file);
  }
  const std::string who = holder ? "process " + std::to_string(*holder) : "another process";
  NativeError error("LOCK_HELD", path + " is locked by " + who);
  error.holder_pid = holder;
  return error;
}

}  // namespace

FileLock::FileLock(const std::string& path)
    : file_(Uninterrupted([&] { return open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); })) {
  const std::string action = "lock " + path;
  if (!file_.valid()) throw ErrnoError(errno, action);
  if (Uninterrupted([&] { return flock(file_.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) throw HeldError(path, file_);
    throw ErrnoError(errno, action);
  }
  // The lock holds without the process id, which a full disk may have no room for.
  const std::string pid = std::to_string(getpid()) + "\n";
  const ssize_t written = pwrite(file_.get(), pid.data(), pid.size(), 0);
  SetSize(written < 0 ? 0 : written);
}

void FileLock::Release() noexcept {
  if (!file_.valid()) return;
  // Nobody holds it now: no process id must be read from it. The lock itself goes with the file.
  SetSize(0);
  file_.Close();
}

void FileLock::SetSize(off_t size) noexcept {
  const int result = ftruncate(file_.get(), size);
  // Shrinking a file that we just wrote fails only with the disk; the lock does not depend on it.
  static_cast<void>(result);
}

}  // namespace vsc
