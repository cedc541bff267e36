#include "node/calls/call_line.h"

#include <chrono>
#include <utility>

namespace vsc {

namespace {

// A JavaScript thread that is busy for longer is not asked whether to go on.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

void CallLine::Send(CallEvent event) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++sent_;
  }
  send_event_(std::move(event));
}

bool CallLine::SendAndWait(CallEvent event) {
  std::uint64_t number;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (state_ != State::kRunning) return false;
    number = ++sent_;
  }
  send_event_(std::move(event));
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, kPatience,
                    [&] { return handled_ >= number || state_ != State::kRunning; });
  return state_ == State::kRunning && !cancelled_;
}

bool CallLine::stop_requested() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cancelled_ || state_ == State::kAbandoned;
}

bool CallLine::abandoned() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_ == State::kAbandoned;
}

bool CallLine::OfferResult() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (state_ != State::kRunning) return false;
    state_ = State::kOffered;
  }
  send_end_();
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return state_ != State::kOffered; });
  return state_ == State::kTaken;
}

void CallLine::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
}

bool CallLine::Abandon() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::kRunning) return false;
  state_ = State::kAbandoned;
  changed_.notify_all();
  return true;
}

void CallLine::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  if (state_ != State::kTaken) state_ = State::kAbandoned;
  changed_.notify_all();
}

void CallLine::EventHandled() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++handled_;
  changed_.notify_all();
}

void CallLine::ResultTaken() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_ == State::kOffered) state_ = State::kTaken;
  changed_.notify_all();
}

}  // namespace vsc
