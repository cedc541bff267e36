#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <vector>

#include "node/task.h"

namespace vsc {

/**
 * Brings finished tasks back to the JavaScript thread, several at once where they are. Keeps the
 * event loop alive while a promise is pending, and only then.
 */
class Delivery {
 public:
  explicit Delivery(Napi::Env env);
  ~Delivery() = default;

  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /** JavaScript thread: one more task will come. */
  void Expect();
  /** Any thread that the environment joins before it goes. */
  void Deliver(std::unique_ptr<Task> task) noexcept;
  /** JavaScript thread, at teardown and after all such threads ended: settles nothing any more. */
  void Close() noexcept;

 private:
  static void OnJavaScriptThread(Napi::Env env, Napi::Function, Delivery* self, void*);
  using Function = Napi::TypedThreadSafeFunction<Delivery, void, &Delivery::OnJavaScriptThread>;

  void SettleAll(Napi::Env env);

  Napi::Env env_;
  Function function_;
  std::size_t pending_ = 0;
  bool closed_ = false;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Task>> finished_;
};

}  // namespace vsc
