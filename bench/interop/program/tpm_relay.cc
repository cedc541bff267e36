// Lets two programs use one swtpm, which answers one connection only: whole commands are passed on,
// one at a time, whoever sends them. The objects of a program that ends are flushed, as a resource
// manager does it; tpm2-tools count on that.
//   tpm-relay PORT SWTPM-PORT
#include <poll.h>

#include <set>

#include "tpm_socket.h"

namespace {

std::uint32_t Number(const std::vector<std::uint8_t>& message, std::size_t at) {
  if (message.size() < at + 4) return 0;
  return static_cast<std::uint32_t>(message[at]) << 24 | message[at + 1] << 16 |
         message[at + 2] << 8 | message[at + 3];
}

// Command codes (TPM 2.0 Library, part 2, 6.5.2).
constexpr std::uint32_t kCreatePrimary = 0x131;
constexpr std::uint32_t kSequenceComplete = 0x13e;
constexpr std::uint32_t kLoad = 0x157;
constexpr std::uint32_t kContextLoad = 0x161;
constexpr std::uint32_t kFlushContext = 0x165;
constexpr std::uint32_t kLoadExternal = 0x167;
constexpr std::uint32_t kHashSequenceStart = 0x186;
constexpr std::size_t kFirstHandle = 10;

/** A program, and the TPM's objects that it has loaded. */
class Client {
 public:
  Client(int socket, int tpm) : socket_(socket), tpm_(tpm) { AtOnce(socket); }

  int socket() const { return socket_; }

  /** Passes one command on; false when the program has ended. */
  bool Serve() {
    if (!Read(socket_, message_)) return false;
    ++commands_;
    const std::uint32_t command = Number(message_, 6);
    const std::uint32_t named = Number(message_, kFirstHandle);
    Write(tpm_, message_);
    Require(Read(tpm_, message_), "read");
    if (Number(message_, 6) == 0) Follow(command, named, Number(message_, kFirstHandle));
    Write(socket_, message_);
    return true;
  }

  /** A connection of one command is one of a program that makes one for each, as tpm2-tss does. */
  void End() {
    if (commands_ == 1) objects_.clear();
    for (const std::uint32_t handle : objects_) {
      std::vector<std::uint8_t> flush = {0x80, 0x01, 0, 0, 0, 14, 0, 0, 0x01, 0x65};
      for (int shift = 24; shift >= 0; shift -= 8) {
        flush.push_back(static_cast<std::uint8_t>(handle >> shift));
      }
      Write(tpm_, flush);
      Require(Read(tpm_, message_), "read");
    }
    close(socket_);
  }

 private:
  void Follow(std::uint32_t command, std::uint32_t named, std::uint32_t made) {
    switch (command) {
      case kCreatePrimary:
      case kLoad:
      case kContextLoad:
      case kLoadExternal:
      case kHashSequenceStart:
        objects_.insert(made);
        break;
      case kFlushContext:
      case kSequenceComplete:
        objects_.erase(named);
        break;
      default:
        break;
    }
  }

  int socket_;
  int tpm_;
  int commands_ = 0;
  std::set<std::uint32_t> objects_;
  std::vector<std::uint8_t> message_;
};

}  // namespace

int main(int count, char** arguments) {
  Require(count == 3, "usage: tpm-relay PORT SWTPM-PORT");
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = Local(arguments[1]);
  Require(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "bind");
  Require(listen(listener, 8) == 0, "listen");
  const int tpm = Connect(arguments[2]);
  std::vector<Client> clients;
  for (;;) {
    std::vector<pollfd> waiting = {{listener, POLLIN, 0}};
    for (const Client& client : clients) waiting.push_back({client.socket(), POLLIN, 0});
    Require(poll(waiting.data(), waiting.size(), -1) > 0, "poll");
    for (std::size_t at = clients.size(); at > 0; --at) {
      Client& client = clients[at - 1];
      if (waiting[at].revents == 0 || client.Serve()) continue;
      client.End();
      clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(at - 1));
    }
    if (waiting[0].revents != 0) clients.emplace_back(accept(listener, nullptr, nullptr), tpm);
  }
}
