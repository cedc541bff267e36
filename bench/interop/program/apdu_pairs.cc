// Sends one APDU to two readers in turn, and prints what each took, in milliseconds.
//   apdu-pairs READER OTHER APDU PAIRS
#include <dlfcn.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "exit.h"
#include "stopwatch.h"

namespace {

// Declarations of libpcsclite's that are used here.
using Long = long;
using Word = unsigned long;
struct IoRequest {
  Word protocol;
  Word size;
};
constexpr Word kShareShared = 2;
constexpr Word kProtocols = 3;
constexpr Word kLeaveCard = 0;
constexpr Word kSystem = 2;

struct Library {
  void* handle = dlopen("libpcsclite.so.1", RTLD_NOW);

  template <typename Function>
  Function Find(const char* name) const {
    void* found = handle ? dlsym(handle, name) : nullptr;
    Require(found != nullptr, name);
    return reinterpret_cast<Function>(found);
  }
};

class Reader {
 public:
  Reader(const Library& library, Long context, const char* name)
      : transmit_(library.Find<Transmit>("SCardTransmit")) {
    const auto connect = library.Find<Connect>("SCardConnect");
    const Long result = connect(context, name, kShareShared, kProtocols, &card_, &protocol_);
    Require(result == 0, name, static_cast<unsigned long>(result));
  }

  double Time(const std::vector<std::uint8_t>& apdu) {
    std::uint8_t answer[512];
    Word length = sizeof(answer);
    const IoRequest request = {protocol_, sizeof(IoRequest)};
    const Stopwatch stopwatch;
    const Long result =
        transmit_(card_, &request, apdu.data(), apdu.size(), nullptr, answer, &length);
    const double elapsed = stopwatch.Elapsed();
    Require(result == 0, "SCardTransmit", static_cast<unsigned long>(result));
    Require(length >= 2 && answer[length - 2] == 0x90, "the command");
    return elapsed;
  }

 private:
  using Connect = Long (*)(Long, const char*, Word, Word, Long*, Word*);
  using Transmit = Long (*)(Long, const IoRequest*, const std::uint8_t*, Word, IoRequest*,
                            std::uint8_t*, Word*);
  Transmit transmit_;
  Long card_ = 0;
  Word protocol_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  Require(count == 5, "usage: apdu-pairs READER OTHER APDU PAIRS");
  const Library library;
  Long context = 0;
  using Establish = Long (*)(Word, const void*, const void*, Long*);
  const auto establish = library.Find<Establish>("SCardEstablishContext");
  Require(establish(kSystem, nullptr, nullptr, &context) == 0, "SCardEstablishContext");
  std::vector<std::uint8_t> apdu;
  const std::string digits = arguments[3];
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    apdu.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  }
  Reader one(library, context, arguments[1]);
  Reader other(library, context, arguments[2]);
  const int pairs = std::stoi(arguments[4]);
  constexpr int kWarmUp = 200;
  for (int pair = -kWarmUp; pair < pairs; ++pair) {
    double times[2] = {};
    const bool one_first = pair % 2 == 0;
    if (one_first) times[0] = one.Time(apdu);
    times[1] = other.Time(apdu);
    if (!one_first) times[0] = one.Time(apdu);
    if (pair >= 0) std::printf("%.6f %.6f\n", times[0], times[1]);
  }
  using Release = Long (*)(Long);
  library.Find<Release>("SCardReleaseContext")(context);
  return 0;
}
