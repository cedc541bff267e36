#pragma once

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>

#include "common/json.h"

namespace lab {

/** The forwarder's refusal, or the failure to reach it (code ERR_LAB_UNREACHABLE). */
class ForwarderError : public std::runtime_error {
 public:
  ForwarderError(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  /** An error code of the library, or ERR_LAB_PROTOCOL, or ERR_LAB_UNREACHABLE. */
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

/**
 * One connection to the forwarder (see PROTOCOL.md). Requests of several threads are carried out
 * one after the other. What was opened on the connection ends with this object.
 */
class ForwarderClient {
 public:
  /** Connects to the port that the registry names. Throws ForwarderError. */
  ForwarderClient();
  ~ForwarderClient();
  ForwarderClient(const ForwarderClient&) = delete;
  ForwarderClient& operator=(const ForwarderClient&) = delete;

  /** Sends a request and waits for its result. Throws ForwarderError. */
  Json Request(const std::string& method, Json::Object params);

  /** Makes the request that another thread waits for, and all later ones, fail. */
  void Abort();

  /** A request on a connection of the process's pool: for what leaves nothing open behind it. */
  static Json Ask(const std::string& method, Json::Object params);

 private:
  void Send(const std::string& text);
  std::string Receive();
  void ReceiveExactly(char* at, int size);

  std::mutex turn_;
  /** A SOCKET: this header is included where Winsock's cannot be. */
  uintptr_t socket_;
  double lastId_ = 0;
  bool broken_ = false;
};

}  // namespace lab
