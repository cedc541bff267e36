// Sends one TPM2_Sign over one connection and times it: what no program that signs on this TPM can
// be faster than. The key has an empty authValue, which costs no session.
//   tpm-sign PORT HANDLE rsa|ec
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "stopwatch.h"
#include "tpm_socket.h"

namespace {

void Append(std::vector<std::uint8_t>& bytes, std::initializer_list<unsigned> values) {
  for (const unsigned value : values) bytes.push_back(static_cast<std::uint8_t>(value));
}

/** TPM2_Sign (TPM 2.0 Library, part 3, 20.2) of a SHA-256 digest with a password session. */
std::vector<std::uint8_t> SignCommand(std::uint32_t handle, bool is_rsa) {
  std::vector<std::uint8_t> command;
  Append(command, {0x80, 0x02, 0, 0, 0, 0, 0, 0, 0x01, 0x5d});
  Append(command, {handle >> 24, handle >> 16 & 0xff, handle >> 8 & 0xff, handle & 0xff});
  Append(command, {0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0});
  Append(command, {0, 32});
  command.insert(command.end(), 32, 0xa7);
  // RSASSA or ECDSA with SHA-256, and the ticket that says nothing of the digest.
  Append(command, {0, is_rsa ? 0x14U : 0x18U, 0, 0x0b});
  Append(command, {0x80, 0x24, 0x40, 0, 0, 7, 0, 0});
  command[5] = static_cast<std::uint8_t>(command.size());
  return command;
}

}  // namespace

int main(int count, char** arguments) {
  Require(count == 4, "usage: tpm-sign PORT HANDLE rsa|ec");
  const auto handle = static_cast<std::uint32_t>(std::strtoul(arguments[2], nullptr, 16));
  const auto command = SignCommand(handle, std::strcmp(arguments[3], "rsa") == 0);
  const int tpm = Connect(arguments[1]);
  std::printf("ready\n");
  std::fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line)) {
    std::vector<std::uint8_t> response;
    const Stopwatch stopwatch;
    Write(tpm, command);
    Require(Read(tpm, response), "read");
    const double elapsed = stopwatch.Elapsed();
    const bool is_done = response[6] == 0 && response[7] == 0 && response[8] == 0;
    Require(is_done && response[9] == 0, "TPM2_Sign", response[8] << 8 | response[9]);
    std::printf("%.6f\n", elapsed);
    std::fflush(stdout);
  }
  close(tpm);
  return 0;
}
