#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>

#include "windows/calls/pending_calls.h"

namespace vsc {

// What JavaScript hands over. Each throws NativeError INVALID_ARGUMENT that names what is wrong.

Napi::Object ObjectArgument(const Napi::CallbackInfo& info, std::size_t index, const char* name);
/** Without NUL, since the system takes it to end there. */
std::wstring TextArgument(const Napi::CallbackInfo& info, std::size_t index, const char* name);
std::wstring TextProperty(const Napi::Object& object, const char* name);
bool BooleanProperty(const Napi::Object& object, const char* name);
std::uint32_t NumberProperty(const Napi::Object& object, const char* name);

/** Exports a function that starts calls. */
template <Napi::Value (*function)(const Napi::CallbackInfo&, PendingCalls&)>
void ExportCall(Napi::Env env, Napi::Object exports, const char* name,
                const std::shared_ptr<PendingCalls>& calls) {
  exports.Set(
      name,
      Napi::Function::New(
          env, [calls](const Napi::CallbackInfo& info) { return function(info, *calls); }, name));
}

}  // namespace vsc
