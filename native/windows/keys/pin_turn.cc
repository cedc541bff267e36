#include "windows/keys/pin_turn.h"

#include <windows.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

/** As the smart card service compares readers' names. */
struct IgnoringCase {
  bool operator()(const std::wstring& a, const std::wstring& b) const {
    return CompareStringOrdinal(a.data(), static_cast<int>(a.size()), b.data(),
                                static_cast<int>(b.size()), TRUE) == CSTR_LESS_THAN;
  }
};

struct Turns {
  std::mutex mutex;
  std::condition_variable changed;
  /** For each reader, who has the turn and who waits for it, in that order. */
  std::map<std::wstring, std::deque<const PinTurn*>, IgnoringCase> queues;
};

/** Never destroyed: threads that hang may outlive everything else. */
Turns& AllTurns() {
  static Turns& turns = *new Turns;
  return turns;
}

void Leave(Turns& turns, const std::wstring& reader, const PinTurn* turn) {
  const auto found = turns.queues.find(reader);
  std::deque<const PinTurn*>& queue = found->second;
  queue.erase(std::find(queue.begin(), queue.end(), turn));
  if (queue.empty()) turns.queues.erase(found);
  turns.changed.notify_all();
}

}  // namespace

PinTurn::PinTurn(const std::wstring& reader, const CallLine* line) : reader_(reader) {
  Turns& turns = AllTurns();
  std::unique_lock<std::mutex> lock(turns.mutex);
  std::deque<const PinTurn*>& queue = turns.queues[reader_];
  queue.push_back(this);
  const auto stopped = [line] { return line != nullptr && line->stop_requested(); };
  turns.changed.wait(lock, [&] { return stopped() || queue.front() == this; });
  if (!stopped()) return;
  Leave(turns, reader_, this);
  throw HresultError(E_ABORT, "use the PIN of the card in the reader " + ToUtf8(reader_));
}

PinTurn::~PinTurn() {
  Turns& turns = AllTurns();
  const std::lock_guard<std::mutex> lock(turns.mutex);
  Leave(turns, reader_, this);
}

void PinTurn::Wake() noexcept {
  Turns& turns = AllTurns();
  // Under the mutex: one who has just looked is waiting by now, and hears of it.
  const std::lock_guard<std::mutex> lock(turns.mutex);
  turns.changed.notify_all();
}

}  // namespace vsc
