// A small pcscd for tests: calls the handler on threads that have names. Each line of standard
// input is `THREAD NUMBER CALL LUN ARGUMENTS…`; each call's end is a line `NUMBER CODE BYTES`.

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "ifd/ifd_handler.h"

namespace {

using vsc::ifd::Byte;
using vsc::ifd::DWord;
using vsc::ifd::ResponseCode;

std::string Hex(const std::vector<Byte>& bytes, DWord length) {
  std::string text;
  char digits[3];
  for (DWord i = 0; i < length; ++i) {
    std::snprintf(digits, sizeof(digits), "%02X", bytes[i]);
    text += digits;
  }
  return text;
}

std::vector<Byte> FromHex(const std::string& text) {
  std::vector<Byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<Byte>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

struct Result {
  ResponseCode code;
  std::string bytes;
};

/** The functions by which pcscd's watching thread waits and is woken. */
template <typename Function>
Function* FunctionOf(DWord lun, vsc::ifd::Tag tag) {
  Function* function = nullptr;
  DWord length = sizeof(function);
  IFDHGetCapabilities(lun, tag, &length, reinterpret_cast<Byte*>(&function));
  return function;
}

Result Call(const std::string& call, DWord lun, std::istringstream& arguments) {
  std::vector<Byte> buffer(70000);
  if (call == "open") {
    std::string device;
    std::getline(arguments >> std::ws, device);
    return {IFDHCreateChannelByName(lun, device.data()), ""};
  }
  if (call == "close") return {IFDHCloseChannel(lun), ""};
  if (call == "presence") return {IFDHICCPresence(lun), ""};
  if (call == "wait") {
    int limit = 0;
    arguments >> limit;
    return {FunctionOf<ResponseCode(DWord, int)>(lun, vsc::ifd::kTagPollingThreadWithTimeout)(
                lun, limit),
            ""};
  }
  if (call == "stop") {
    return {FunctionOf<ResponseCode(DWord)>(lun, vsc::ifd::kTagStopPollingThread)(lun), ""};
  }
  DWord number = 0;
  if (call == "power") {
    arguments >> number;
    const bool down = number == vsc::ifd::kPowerDown;
    DWord length = down ? 0 : vsc::ifd::kMaxAtrLength;
    // As pcscd does it.
    const ResponseCode code =
        IFDHPowerICC(lun, number, down ? nullptr : buffer.data(), down ? nullptr : &length);
    return {code, Hex(buffer, length)};
  }
  if (call == "capability") {
    arguments >> number;
    DWord length = 1;
    const ResponseCode code = IFDHGetCapabilities(lun, number, &length, buffer.data());
    return {code, Hex(buffer, code == vsc::ifd::kSuccess ? length : 0)};
  }
  if (call == "control") {
    arguments >> number;
    DWord length = 1;
    const ResponseCode code = IFDHControl(lun, number, nullptr, 0, buffer.data(), 10, &length);
    return {code, Hex(buffer, length)};
  }
  std::string command;
  arguments >> command >> number;
  std::vector<Byte> apdu = FromHex(command);
  // Exactly as long as it says, so that a byte too much is noticed.
  std::vector<Byte> response(number);
  DWord length = number;
  vsc::ifd::IoHeader header = {1, 0};
  const ResponseCode code =
      IFDHTransmitToICC(lun, header, apdu.data(), apdu.size(), response.data(), &length, &header);
  return {code, Hex(response, length)};
}

std::mutex output;

/** A thread that makes the calls it is given, in order. */
class Worker {
 public:
  void Add(std::function<void()> work) {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_.push_back(std::move(work));
    changed_.notify_one();
  }

  void Finish() {
    Add(nullptr);
    thread_.join();
  }

 private:
  void Run() {
    for (;;) {
      std::function<void()> work;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !work_.empty(); });
        work = std::move(work_.front());
        work_.pop_front();
      }
      if (!work) return;
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;
  std::thread thread_{[this] { Run(); }};
};

}  // namespace

int main() {
  std::map<std::string, Worker> workers;
  std::string line;
  while (std::getline(std::cin, line)) {
    auto words = std::make_shared<std::istringstream>(line);
    std::string thread, number, call;
    DWord lun = 0;
    *words >> thread >> number >> call >> lun;
    workers[thread].Add([words, number, call, lun] {
      const Result result = Call(call, lun, *words);
      const std::lock_guard<std::mutex> lock(output);
      std::cout << number << ' ' << result.code << ' ' << result.bytes << std::endl;
    });
  }
  for (auto& [name, worker] : workers) worker.Finish();
}
