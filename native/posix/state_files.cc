#include "posix/state_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>

#include "posix/checked_content.h"
#include "posix/errno_error.h"

namespace vsc {

namespace {

const std::string kNewSuffix = ".new";
// libtpms' state is some kilobytes; a file far above that is not one of ours.
constexpr off_t kLargestFile = 16 * 1024 * 1024;

bool IsLeftover(const std::string& name) {
  return name.size() > kNewSuffix.size() &&
         name.compare(name.size() - kNewSuffix.size(), kNewSuffix.size(), kNewSuffix) == 0;
}

/** Names come from libtpms; one that would leave the directory is refused. */
void CheckName(const std::string& name) {
  if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos) {
    throw NativeError("EINVAL", "libtpms asked for a state file of an unusable name");
  }
}

}  // namespace

StateFiles::StateFiles(const std::string& directory)
    : directory_path_(directory), directory_(Uninterrupted([&] {
        return open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      })) {
  const std::string action = "open the state directory " + directory;
  if (!directory_.valid()) throw ErrnoError(errno, action);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), closedir);
  if (!listing) throw ErrnoError(errno, action);
  while (const dirent* entry = readdir(listing.get())) {
    if (IsLeftover(entry->d_name)) unlinkat(directory_.get(), entry->d_name, 0);
  }
}

std::optional<SecretBuffer> StateFiles::Load(const std::string& name) const {
  CheckName(name);
  const std::string action = "read " + PathOf(name);
  const FileDescriptor file(Uninterrupted(
      [&] { return openat(directory_.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW); }));
  if (!file.valid()) {
    if (errno == ENOENT) return std::nullopt;
    throw ErrnoError(errno, action);
  }
  struct stat status;
  if (fstat(file.get(), &status) != 0) throw ErrnoError(errno, action);
  if (!S_ISREG(status.st_mode)) throw ErrnoError(EINVAL, action);
  if (status.st_size > kLargestFile) throw ErrnoError(EFBIG, action);
  SecretBuffer content(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t count = Uninterrupted(
        [&] { return read(file.get(), content.data() + filled, content.size() - filled); });
    if (count < 0) throw ErrnoError(errno, action);
    if (count == 0) throw ErrnoError(EIO, action);
    filled += static_cast<std::size_t>(count);
  }
  return TakeOutContent(content, PathOf(name));
}

void StateFiles::Store(const std::string& name, const std::uint8_t* data, std::size_t size) const {
  CheckName(name);
  const std::string new_name = name + kNewSuffix;
  try {
    WriteNew(new_name, MakeCheckedContent(data, size));
  } catch (...) {
    unlinkat(directory_.get(), new_name.c_str(), 0);
    throw;
  }
  if (renameat(directory_.get(), new_name.c_str(), directory_.get(), name.c_str()) != 0) {
    const int number = errno;
    unlinkat(directory_.get(), new_name.c_str(), 0);
    throw ErrnoError(number, "replace " + PathOf(name));
  }
  SyncDirectory();
}

bool StateFiles::Remove(const std::string& name) const {
  CheckName(name);
  if (unlinkat(directory_.get(), name.c_str(), 0) != 0) {
    if (errno == ENOENT) return false;
    throw ErrnoError(errno, "remove " + PathOf(name));
  }
  SyncDirectory();
  return true;
}

void StateFiles::WriteNew(const std::string& name, const SecretBuffer& content) const {
  const std::string action = "write " + PathOf(name);
  const FileDescriptor file(Uninterrupted([&] {
    return openat(directory_.get(), name.c_str(),
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  }));
  if (!file.valid()) throw ErrnoError(errno, action);
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = Uninterrupted(
        [&] { return write(file.get(), content.data() + written, content.size() - written); });
    if (count < 0) throw ErrnoError(errno, action);
    written += static_cast<std::size_t>(count);
  }
  if (Uninterrupted([&] { return fsync(file.get()); }) != 0) throw ErrnoError(errno, action);
}

void StateFiles::SyncDirectory() const {
  if (Uninterrupted([&] { return fsync(directory_.get()); }) != 0) {
    throw ErrnoError(errno, "sync " + directory_path_);
  }
}

}  // namespace vsc
