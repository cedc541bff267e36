#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace vsc {

/** Something a running call tells: a number, or a text. */
struct CallEvent {
  std::string name;
  std::uint32_t number = 0;
  std::u16string text;
};

/**
 * What the thread of a call and JavaScript have to do with each other. Either side may be gone: the
 * thread finds out by `false`, JavaScript by nothing coming any more.
 */
class CallLine {
 public:
  /** `send_event` and `send_end` bring word to the JavaScript thread, from any thread. */
  CallLine(std::function<void(CallEvent)> send_event, std::function<void()> send_end)
      : send_event_(std::move(send_event)), send_end_(std::move(send_end)) {}

  CallLine(const CallLine&) = delete;
  CallLine& operator=(const CallLine&) = delete;

  // On the call's thread, or another one of the system's.

  /** Sends the event, and does not wait. */
  void Send(CallEvent event);
  /**
   * Sends the event and waits until JavaScript has dealt with it, so that a call can stop at the
   * very event at which JavaScript asks for it; a JavaScript thread that is busy holds it up only
   * so long. False when the call is to stop.
   */
  bool SendAndWait(CallEvent event);
  /** True when the call was cancelled or abandoned. */
  bool stop_requested() const;
  /** True when nobody waits for the call's result. */
  bool abandoned() const;
  /**
   * The work is done: tells JavaScript and waits until it has taken the result. False when nobody
   * takes it any more.
   */
  bool OfferResult();

  // On the JavaScript thread.

  void Cancel();
  /** False when the result is on its way already. */
  bool Abandon();
  /** The JavaScript environment ends: whatever was not taken is not taken any more. */
  void Close();
  void EventHandled();
  void ResultTaken();

 private:
  enum class State { kRunning, kOffered, kTaken, kAbandoned };

  const std::function<void(CallEvent)> send_event_;
  const std::function<void()> send_end_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kRunning;
  bool cancelled_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t handled_ = 0;
};

}  // namespace vsc
