#pragma once

#include <napi.h>

#include <memory>

#include "node/calls/pending_calls.h"
#include "node/native_error.h"

namespace vsc {

/** Exports a function that starts calls. */
template <Napi::Value (*function)(const Napi::CallbackInfo&, PendingCalls&)>
void ExportCall(Napi::Env env, Napi::Object exports, const char* name,
                const std::shared_ptr<PendingCalls>& calls) {
  exports.Set(
      name,
      Napi::Function::New(
          env, [calls](const Napi::CallbackInfo& info) { return function(info, *calls); }, name));
}

/** A function that starts a call without arguments, but for its listener. */
template <typename Call>
Napi::Value StartCall(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(),
                    [&] { return calls.Start(info.Env(), std::make_shared<Call>(), info[0]); });
}

}  // namespace vsc
