#include "common/forwarder_client.h"

#include <winsock2.h>
#include <windows.h>

#include <memory>
#include <vector>

namespace lab {
namespace {

constexpr uint32_t kLongestMessage = 1 << 20;

[[noreturn]] void Unreachable(const std::string& what) {
  throw ForwarderError("ERR_LAB_UNREACHABLE", "the forwarder: " + what);
}

u_short ForwarderPort() {
  DWORD port = 0;
  DWORD size = sizeof port;
  const LSTATUS status = RegGetValueW(HKEY_LOCAL_MACHINE, L"Software\\VirtualSmartCardLab",
                                      L"ForwarderPort", RRF_RT_REG_DWORD, nullptr, &port, &size);
  if (status != ERROR_SUCCESS || port == 0 || port > 0xFFFF) {
    Unreachable("the registry names no port");
  }
  return static_cast<u_short>(port);
}

/**
 * Keeps the DLL that this is part of in the process: a program that unloads it would leave the
 * pool's connections behind, and lose the PINs that Windows caches for the life of the process.
 */
void StayLoaded() {
  HMODULE self = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCWSTR>(&StayLoaded), &self);
}

/** Winsock stays up for the life of the process. */
void StartWinsock() {
  static const int status = [] {
    StayLoaded();
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data);
  }();
  if (status != 0) Unreachable("Winsock does not start");
}

[[noreturn]] void ThrowAnswered(const Json& error) {
  const Json* code = error.Find("code");
  throw ForwarderError(code && !code->IsNull() ? code->String() : "ERR_LAB_PROTOCOL",
                       error.At("message").String());
}

/** Idle connections of this process. */
class Pool {
 public:
  std::unique_ptr<ForwarderClient> Take() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<ForwarderClient> client = std::move(idle_.back());
        idle_.pop_back();
        return client;
      }
    }
    return std::make_unique<ForwarderClient>();
  }

  void Return(std::unique_ptr<ForwarderClient> client) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(client));
  }

  /** After a failure the others are as old: a forwarder that was restarted knows none of them. */
  void Forget() {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.clear();
  }

  /** Never destroyed: threads may still ask while the process ends. */
  static Pool& Instance() {
    static Pool* const pool = new Pool;
    return *pool;
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<ForwarderClient>> idle_;
};

}  // namespace

ForwarderClient::ForwarderClient() {
  StartWinsock();
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(ForwarderPort());
  socket_ = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  if (socket_ == INVALID_SOCKET) Unreachable("no socket");
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    closesocket(socket_);
    Unreachable("nobody listens");
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
}

ForwarderClient::~ForwarderClient() {
  closesocket(socket_);
}

Json ForwarderClient::Request(const std::string& method, Json::Object params) {
  const std::lock_guard<std::mutex> lock(turn_);
  if (broken_) Unreachable("the connection has ended");
  const double id = ++lastId_;
  Json answer;
  try {
    Json::Object request = {{"id", id}, {"method", method}, {"params", std::move(params)}};
    Send(Json(std::move(request)).Text());
    answer = Json::Parse(Receive());
    if (answer.At("id").Number() != id) Unreachable("an answer to another request came");
  } catch (...) {
    broken_ = true;
    throw;
  }
  if (const Json* error = answer.Find("error")) ThrowAnswered(*error);
  return answer.At("result");
}

void ForwarderClient::Abort() {
  shutdown(socket_, SD_BOTH);
}

Json ForwarderClient::Ask(const std::string& method, Json::Object params) {
  Pool& pool = Pool::Instance();
  std::unique_ptr<ForwarderClient> client = pool.Take();
  try {
    Json result = client->Request(method, std::move(params));
    pool.Return(std::move(client));
    return result;
  } catch (const ForwarderError& error) {
    if (client->broken_) {
      pool.Forget();
    } else {
      pool.Return(std::move(client));
    }
    throw;
  }
}

void ForwarderClient::Send(const std::string& text) {
  if (text.size() > kLongestMessage) Unreachable("a request that is too long");
  std::string message;
  for (int i = 0; i < 4; i++) message.push_back(static_cast<char>(text.size() >> (8 * i)));
  message += text;
  for (size_t sent = 0; sent < message.size();) {
    const int count =
        send(socket_, message.data() + sent, static_cast<int>(message.size() - sent), 0);
    if (count <= 0) Unreachable("the connection has ended");
    sent += count;
  }
}

std::string ForwarderClient::Receive() {
  unsigned char head[4];
  ReceiveExactly(reinterpret_cast<char*>(head), sizeof head);
  const uint32_t size =
      head[0] | head[1] << 8 | head[2] << 16 | static_cast<uint32_t>(head[3]) << 24;
  if (size > kLongestMessage) Unreachable("an answer that is too long");
  std::string text(size, '\0');
  ReceiveExactly(text.data(), static_cast<int>(size));
  return text;
}

void ForwarderClient::ReceiveExactly(char* at, int size) {
  while (size > 0) {
    const int count = recv(socket_, at, size, 0);
    if (count <= 0) Unreachable("the connection has ended");
    at += count;
    size -= count;
  }
}

}  // namespace lab
