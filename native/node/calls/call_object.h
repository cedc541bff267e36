#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "node/calls/pending_calls.h"
#include "node/native_error.h"

namespace vsc {

/** A JavaScript object of functions that start calls. */
class CallObject {
 public:
  CallObject(Napi::Env env, std::shared_ptr<PendingCalls> calls)
      : object_(Napi::Object::New(env)), calls_(std::move(calls)) {}

  /** Adds a function. `make` makes the call of its arguments: a shared_ptr to a SystemCall. */
  template <typename Make>
  void Add(const char* name, Make make) {
    const auto start = [calls = calls_, make](const Napi::CallbackInfo& info) {
      return WithErrors(
          info.Env(), [&] { return calls->Start(info.Env(), make(info), info.Env().Undefined()); });
    };
    object_.Set(name, Napi::Function::New(object_.Env(), start, name));
  }

  Napi::Object value() const { return object_; }

 private:
  Napi::Object object_;
  const std::shared_ptr<PendingCalls> calls_;
};

}  // namespace vsc
