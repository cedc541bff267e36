#pragma once

#include <napi.h>

#include <optional>

#include "node/native_error.h"
#include "node/transport.h"

namespace vsc {

/**
 * One call from JavaScript: made on the JavaScript thread, carried out on the transport's thread,
 * settled and destroyed on the JavaScript thread again.
 */
class Task {
 public:
  explicit Task(Napi::Env env) : deferred_(env) {}
  virtual ~Task() = default;

  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  Napi::Promise Promise() const { return deferred_.Promise(); }

  /** On the transport's thread. */
  void Run(Transport& transport) noexcept;
  /** On the JavaScript thread: resolves or rejects the promise. */
  void Settle(Napi::Env env);

 protected:
  virtual void Work(Transport& transport) = 0;
  virtual Napi::Value Result(Napi::Env env) { return env.Undefined(); }
  /** Called after the promise was settled. */
  virtual void Settled(bool succeeded) = 0;

 private:
  Napi::Promise::Deferred deferred_;
  std::optional<NativeError> error_;
};

}  // namespace vsc
