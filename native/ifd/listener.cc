#include "ifd/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>
#include <utility>

#include "ifd/file_owner.h"
#include "ifd/log.h"

namespace vsc::ifd {

namespace {

constexpr int kBacklog = 4;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

[[noreturn]] void Fail(const std::string& message) {
  throw std::runtime_error(message);
}

}  // namespace

Listener::Listener(const std::string& directory, unsigned slot)
    : path_(directory + "/slot-" + std::to_string(slot)) {
  const FileDescriptor folder(
      open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status = {};
  if (!folder.valid() || fstat(folder.get(), &status) != 0) Fail(Failure(directory, errno));
  if ((status.st_mode & kOthers) != 0) Fail(directory + " is open to others than its owner");
  owner_ = status.st_uid;
  group_ = status.st_gid;
  Bind();
}

Listener::~Listener() {
  Stop();
}

void Listener::Stop() noexcept {
  if (!std::exchange(is_bound_, false)) return;
  const ActingAsFileOwner acting(owner_, group_);
  if (acting.succeeded()) unlink(path_.c_str());
}

void Listener::Bind() {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) Fail(path_ + " is too long for a socket");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  socket_ = FileDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.valid()) Fail(Failure("socket", errno));
  {
    const ActingAsFileOwner acting(owner_, group_);
    if (!acting.succeeded()) Fail("pcscd must run as root to serve " + path_);
    // One that a killed pcscd left behind.
    unlink(path_.c_str());
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      Fail(Failure(path_, errno));
    }
    is_bound_ = true;
  }
  // As pcscd itself again, since this is who the peer sees.
  if (listen(socket_.get(), kBacklog) != 0) Fail(Failure(path_, errno));
}

FileDescriptor Listener::Accept() {
  for (;;) {
    FileDescriptor peer(Uninterrupted(
        [&] { return accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }));
    if (peer.valid()) {
      if (IsAllowed(peer.get())) return peer;
    } else if (errno == EAGAIN) {
      return peer;
    } else if (errno != ECONNABORTED) {
      Fail(Failure(path_, errno));
    }
  }
}

bool Listener::IsAllowed(int peer) const {
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    LogError(Failure(path_ + ": a peer without credentials", errno));
    return false;
  }
  if (credentials.uid == owner_ || credentials.uid == 0) return true;
  LogError(path_ + ": refused user " + std::to_string(credentials.uid));
  return false;
}

}  // namespace vsc::ifd
