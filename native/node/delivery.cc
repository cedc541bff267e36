#include "node/delivery.h"

#include <utility>

namespace vsc {

Delivery::Delivery(Napi::Env env)
    : env_(env), function_(Function::New(env, "virtual-smartcard", 0, 1, this)) {
  function_.Unref(env);
}

void Delivery::Expect() {
  if (pending_++ == 0) function_.Ref(env_);
}

void Delivery::Deliver(std::unique_ptr<Task> task) noexcept {
  bool first;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    first = finished_.empty();
    finished_.push_back(std::move(task));
  }
  // One call fetches all that is there; it fails only when the environment is closing.
  if (first) function_.NonBlockingCall();
}

void Delivery::Close() noexcept {
  closed_ = true;
  finished_.clear();
  function_.Release();
}

void Delivery::OnJavaScriptThread(Napi::Env env, Napi::Function, Delivery* self, void*) {
  // At teardown Node empties its queue without an environment to run JavaScript in.
  if (static_cast<napi_env>(env) == nullptr) return;
  try {
    self->SettleAll(env);
  } catch (const Napi::Error&) {
    // A worker thread that is terminated runs no JavaScript any more; its cleanup does the rest.
  }
}

void Delivery::SettleAll(Napi::Env env) {
  if (closed_) return;
  std::vector<std::unique_ptr<Task>> tasks;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks.swap(finished_);
  }
  for (std::unique_ptr<Task>& task : tasks) {
    const Napi::HandleScope scope(env);
    task->Settle(env);
  }
  pending_ -= tasks.size();
  if (pending_ == 0) function_.Unref(env);
}

}  // namespace vsc
