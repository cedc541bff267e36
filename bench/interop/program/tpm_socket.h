#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "exit.h"

constexpr std::size_t kHeader = 10;

inline sockaddr_in Local(const char* port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void AtOnce(int socket) {
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/** Reads a whole command or response; false at the end of the connection. */
inline bool Read(int socket, std::vector<std::uint8_t>& message) {
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

inline void Write(int socket, const std::vector<std::uint8_t>& message) {
  const ssize_t count = write(socket, message.data(), message.size());
  Require(count == static_cast<ssize_t>(message.size()), "write");
}

/** Connects to a TPM, or a relay in front of it. */
inline int Connect(const char* port) {
  const int tpm = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Local(port);
  const auto* general = reinterpret_cast<const sockaddr*>(&address);
  Require(connect(tpm, general, sizeof(address)) == 0, "connect");
  AtOnce(tpm);
  return tpm;
}
