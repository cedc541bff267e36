#pragma once

#include <napi.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "node/calls/system_call.h"
#include "node/native_error.h"

namespace vsc {

/**
 * The system calls of one JavaScript environment. Nobody joins their threads: one that the system
 * never returns to must hold up neither the event loop nor the process's end. Keeps the event loop
 * alive while a promise is pending, and only then.
 */
class PendingCalls : public std::enable_shared_from_this<PendingCalls> {
 public:
  /** Made once for each environment, and closed with it. */
  static std::shared_ptr<PendingCalls> Install(Napi::Env env);

  explicit PendingCalls(Napi::Env env);
  ~PendingCalls() = default;

  PendingCalls(const PendingCalls&) = delete;
  PendingCalls& operator=(const PendingCalls&) = delete;

  /**
   * Starts the call. `on_event` (a function, or undefined) gets each event's name and its number or
   * text. Returns `{ result, cancel, abandon }`: a promise, a function that asks the call to stop,
   * and one that rejects the promise at once and leaves the call to itself.
   */
  Napi::Value Start(Napi::Env env, std::shared_ptr<SystemCall> call, Napi::Value on_event);

 private:
  /** JavaScript's side of a call; JavaScript thread only. */
  struct Pending {
    explicit Pending(Napi::Env env) : deferred(env) {}
    Napi::Promise::Deferred deferred;
    Napi::FunctionReference on_event;
    std::shared_ptr<SystemCall> call;
    std::shared_ptr<CallLine> line;
    bool settled = false;
  };
  using Letter = std::function<void(Napi::Env)>;

  static void OnJavaScriptThread(Napi::Env env, Napi::Function, PendingCalls* self, void*);
  using Function =
      Napi::TypedThreadSafeFunction<PendingCalls, void, &PendingCalls::OnJavaScriptThread>;

  static void Run(const std::shared_ptr<PendingCalls>& calls, std::uint64_t id,
                  const std::shared_ptr<SystemCall>& call,
                  const std::shared_ptr<CallLine>& line) noexcept;

  /** Any thread, also one that outlives the environment. */
  void Post(Letter letter) noexcept;
  void Close() noexcept;

  // JavaScript thread.
  void OpenLetters(Napi::Env env);
  void Event(Napi::Env env, std::uint64_t id, const CallEvent& event);
  void Finished(Napi::Env env, std::uint64_t id);
  void Ended(Napi::Env env, std::uint64_t id);
  void Cancel(std::uint64_t id);
  void Abandon(Napi::Env env, std::uint64_t id);
  void Settle(Napi::Env env, Pending& pending, const std::function<void()>& how);

  Napi::Env env_;
  Function function_;
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_id_ = 0;
  std::size_t unsettled_ = 0;

  std::mutex mutex_;
  bool closed_ = false;
  std::deque<Letter> letters_;
  /** Errors of calls that failed, until JavaScript takes them. */
  std::map<std::uint64_t, NativeError> errors_;
};

}  // namespace vsc
