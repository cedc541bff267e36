#include "node/task.h"

namespace vsc {

void Task::Run(Transport& transport) noexcept {
  try {
    Work(transport);
  } catch (...) {
    error_ = CurrentError();
  }
}

void Task::Settle(Napi::Env env) {
  try {
    if (error_) throw ToJavaScript(env, *error_);
    deferred_.Resolve(Result(env));
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  }
  Settled(!error_);
}

}  // namespace vsc
