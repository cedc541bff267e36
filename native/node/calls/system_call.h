#pragma once

#include <napi.h>

#include "node/calls/call_line.h"

namespace vsc {

/**
 * One call into the system, which has a thread to itself: it may take for ever. Everything but
 * `Result` and `Cancel` runs on that thread.
 */
class SystemCall {
 public:
  SystemCall() = default;
  virtual ~SystemCall() = default;

  SystemCall(const SystemCall&) = delete;
  SystemCall& operator=(const SystemCall&) = delete;

  /** Does it. Throws NativeError. */
  virtual void Work(CallLine& line) = 0;
  /** JavaScript thread, once Work is done: what it brought. */
  virtual Napi::Value Result(Napi::Env env) { return env.Undefined(); }
  /** JavaScript thread: makes Work end soon where it can. `stop_requested` is true by then. */
  virtual void Cancel() noexcept {}
  /** Work succeeded, and nobody takes its result: takes back what it made. */
  virtual void TakeBack(CallLine&) noexcept {}
  /** The last thing on the thread: lets go of what belongs to it. */
  virtual void End() noexcept {}
};

}  // namespace vsc
