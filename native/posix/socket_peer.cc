#include "posix/socket_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "posix/errno_error.h"

namespace vsc {

#ifdef __linux__

std::uint32_t PeerUser(int socket) {
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    throw ErrnoError(errno, "tell who is at the other end of a socket");
  }
  return credentials.uid;
}

void AcknowledgeAtOnce(int socket) {
  const int on = 1;
  if (setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)) != 0) {
    throw ErrnoError(errno, "set TCP_QUICKACK");
  }
}

#else

std::uint32_t PeerUser(int socket) {
  uid_t user = 0;
  gid_t group = 0;
  if (getpeereid(socket, &user, &group) != 0) {
    throw ErrnoError(errno, "tell who is at the other end of a socket");
  }
  return user;
}

void AcknowledgeAtOnce(int) {}

#endif

}  // namespace vsc
