// A card in C for our reader's socket: greets nobody, answers every APDU with the same bytes at
// once.
//   responder SOCKET ANSWER
// It takes the frames that native/ifd/publisher.h describes.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "exit.h"

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kGreeting = 0;
constexpr std::uint8_t kPowerOff = 2;
constexpr std::uint8_t kApdu = 4;
const Bytes kAtr = {0x3b, 0x8d, 0x01, 0x80, 0xfb, 0xa0, 0x00, 0x00, 0x03,
                    0x97, 0x42, 0x54, 0x46, 0x59, 0x04, 0x01, 0xcf};

Bytes FromHex(const std::string& digits) {
  Bytes bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

bool Receive(int socket, std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = read(socket, data, size);
    if (count <= 0) return false;
    data += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

void Answer(int socket, const Bytes& answer) {
  Bytes frame = {0, 0, static_cast<std::uint8_t>(answer.size() >> 8),
                 static_cast<std::uint8_t>(answer.size())};
  frame.insert(frame.end(), answer.begin(), answer.end());
  Require(write(socket, frame.data(), frame.size()) == static_cast<ssize_t>(frame.size()), "write");
}

}  // namespace

int main(int count, char** arguments) {
  Require(count == 3, "usage: responder SOCKET ANSWER");
  const Bytes answer = FromHex(arguments[2]);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, arguments[1], sizeof(address.sun_path) - 1);
  const int channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* target = reinterpret_cast<const sockaddr*>(&address);
  Require(connect(channel, target, sizeof(address)) == 0, "connect");
  Bytes request;
  std::uint8_t length[4];
  while (Receive(channel, length, sizeof(length))) {
    request.resize(static_cast<std::size_t>(length[0]) << 24 | length[1] << 16 | length[2] << 8 |
                   length[3]);
    if (request.empty() || !Receive(channel, request.data(), request.size())) return 1;
    if (request[0] == kGreeting) continue;
    if (request[0] == kApdu)
      Answer(channel, answer);
    else
      Answer(channel, request[0] == kPowerOff ? Bytes() : kAtr);
  }
  return 0;
}
