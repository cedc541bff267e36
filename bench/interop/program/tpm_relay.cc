// Lets two programs use one swtpm, which answers one connection only: whole commands are passed on,
// one at a time, whoever sends them.
//   tpm-relay PORT SWTPM-PORT
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "exit.h"

namespace {

constexpr std::size_t kHeader = 10;

sockaddr_in Local(const char* port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void AtOnce(int socket) {
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/** Reads a whole command or response; false at the end of the connection. */
bool Read(int socket, std::vector<std::uint8_t>& message) {
  message.clear();
  std::size_t size = kHeader;
  while (message.size() < size) {
    std::uint8_t part[4096];
    const std::size_t wanted = std::min(sizeof(part), size - message.size());
    const ssize_t count = read(socket, part, wanted);
    if (count <= 0) return false;
    message.insert(message.end(), part, part + count);
    if (message.size() < kHeader) continue;
    size = static_cast<std::size_t>(message[2]) << 24 | message[3] << 16 | message[4] << 8 |
           message[5];
  }
  return true;
}

void Write(int socket, const std::vector<std::uint8_t>& message) {
  const ssize_t count = write(socket, message.data(), message.size());
  Require(count == static_cast<ssize_t>(message.size()), "write");
}

}  // namespace

int main(int count, char** arguments) {
  Require(count == 3, "usage: tpm-relay PORT SWTPM-PORT");
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = Local(arguments[1]);
  Require(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "bind");
  Require(listen(listener, 8) == 0, "listen");
  const int tpm = socket(AF_INET, SOCK_STREAM, 0);
  address = Local(arguments[2]);
  Require(connect(tpm, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "connect");
  AtOnce(tpm);
  std::vector<pollfd> waiting = {{listener, POLLIN, 0}};
  std::vector<std::uint8_t> message;
  for (;;) {
    Require(poll(waiting.data(), waiting.size(), -1) > 0, "poll");
    for (std::size_t at = waiting.size() - 1; at > 0; --at) {
      if (waiting[at].revents == 0) continue;
      const int client = waiting[at].fd;
      if (Read(client, message)) {
        Write(tpm, message);
        Require(Read(tpm, message), "read");
        Write(client, message);
      } else {
        close(client);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    if (waiting[0].revents != 0) {
      const int client = accept(listener, nullptr, nullptr);
      AtOnce(client);
      waiting.push_back({client, POLLIN, 0});
    }
  }
}
