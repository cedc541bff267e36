#include "posix/pcsc/pcsc_watch.h"

#include <chrono>
#include <string>
#include <thread>

#include "node/calls/call_threads.h"

namespace vsc {

namespace {

/** Now and then it looks whether it is to end, should SCardCancel have come too early. */
constexpr ScardWord kLongestWait = 1000;

/** Between questions that are answered at once, and wrongly. */
constexpr std::chrono::milliseconds kPause{100};

/** Whether a card is there, which one, and whether it answers; not who uses it beside others. */
constexpr ScardWord kOfInterest = (ScardWord{0xFFFF} << 16) | scard::kStateEmpty |
                                  scard::kStatePresent | scard::kStateExclusive | scard::kStateMute;

std::vector<ScardReaderState> StatesOf(const std::vector<std::string>& names) {
  std::vector<ScardReaderState> states(names.size() + 1);
  for (std::size_t i = 0; i < names.size(); ++i) states[i].reader = names[i].c_str();
  states.back().reader = scard::kReadersThemselves;
  // The number of readers is in the upper half.
  states.back().current_state = static_cast<ScardWord>(names.size()) << 16;
  return states;
}

}  // namespace

void WatchPcscReadersCall::Work(CallLine& line) {
  {
    PcscContext context = EstablishPcscContext();
    const std::lock_guard<std::mutex> lock(wait_->mutex);
    if (!line.stop_requested()) wait_->context = std::move(context);
  }
  while (!line.stop_requested()) {
    // Before the event: what comes while it is on its way is another one.
    const std::vector<std::string> names = PcscReaderNames(wait_->context);
    std::vector<ScardReaderState> states = StatesOf(names);
    WaitForChange(states);
    if (!line.SendAndWait({"changed", 0, {}})) break;
    while (!line.stop_requested() && !WaitForChange(states)) {
    }
  }
  const std::lock_guard<std::mutex> lock(wait_->mutex);
  wait_->context.Reset();
}

bool WatchPcscReadersCall::WaitForChange(std::vector<ScardReaderState>& states) {
  const auto began = std::chrono::steady_clock::now();
  const ScardResult result = PcscLibrary::Get().get_status_change(
      wait_->context.get(), kLongestWait, states.data(), static_cast<ScardWord>(states.size()));
  const std::uint32_t code = PcscCode(result);
  if (code == scard::kUnknownReader || code == scard::kReaderUnavailable) return true;
  if (code == scard::kTimeout || code == scard::kCancelled) return false;
  if (code == scard::kInvalidParameter && states.size() > 1 &&
      states.back().reader == scard::kReadersThemselves) {
    // pcsclite takes as many states as pcscd takes readers, 16. With that many none can come.
    states.pop_back();
    return WaitForChange(states);
  }
  CheckPcsc(result, "watch the smart card readers");
  bool changed = false;
  for (ScardReaderState& state : states) {
    const ScardWord news = state.event_state & ~scard::kStateChanged;
    if (((news ^ state.current_state) & kOfInterest) != 0) changed = true;
    state.current_state = news;
  }
  if (!changed && std::chrono::steady_clock::now() - began < kPause) {
    std::this_thread::sleep_for(kPause);
  }
  return changed;
}

void WatchPcscReadersCall::Cancel() noexcept {
  try {
    // SCardCancel waits for the service's answer, which may not come: not on this thread.
    CallThreads::Run([wait = wait_] {
      const std::lock_guard<std::mutex> lock(wait->mutex);
      if (wait->context) PcscLibrary::Get().cancel(wait->context.get());
    });
  } catch (const std::exception&) {
    // Without a thread, the wait ends by itself.
  }
}

}  // namespace vsc
