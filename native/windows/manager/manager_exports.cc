#include "windows/manager/manager_exports.h"

#include "node/arguments.h"
#include "node/calls/export_call.h"
#include "node/native_error.h"
#include "windows/manager/create_call.h"
#include "windows/manager/destroy_call.h"
#include "windows/system/napi_arguments.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

/** Larger than anything that the interface takes: the manager itself says what is too long. */
constexpr std::size_t kLargest = 4096;

ManagerAddress AddressOf(const Napi::Object& options) {
  ManagerAddress address;
  if (options.Get("machine").IsString()) address.machine = TextProperty(options, "machine");
  address.allow_elevation_prompt = BooleanProperty(options, "allowElevationPrompt");
  return address;
}

/** Without the property it does. */
bool TellsStatus(const Napi::Object& options) {
  return options.Get("tellsStatus").IsUndefined() || BooleanProperty(options, "tellsStatus");
}

SecretBuffer OptionalBytes(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  return value.IsUndefined() ? SecretBuffer() : CopyBytes(value, 1, kLargest, name);
}

Napi::Value CreateCard(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object options = ObjectArgument(info, 0, "card");
    NewCard card;
    card.name = TextProperty(options, "name");
    card.admin_key = CopyBytes(options.Get("adminKey"), 1, kLargest, "adminKey");
    card.admin_kcv = OptionalBytes(options, "adminKcv");
    card.puk = OptionalBytes(options, "puk");
    card.pin = CopyBytes(options.Get("pin"), 1, kLargest, "pin");
    card.pin_policy = OptionalBytes(options, "pinPolicy");
    card.attestation = NumberProperty(options, "attestation");
    card.generate = BooleanProperty(options, "generate");
    const auto number = static_cast<int>(NumberProperty(options, "interface"));
    auto call = std::make_shared<CreateCall>(AddressOf(options), TellsStatus(options), number,
                                             std::move(card));
    return calls.Start(info.Env(), std::move(call), info[1]);
  });
}

Napi::Value DestroyCard(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object options = ObjectArgument(info, 0, "card");
    auto call = std::make_shared<DestroyCall>(AddressOf(options), TellsStatus(options),
                                              TextProperty(options, "instanceId"));
    return calls.Start(info.Env(), std::move(call), info[1]);
  });
}

/** Whether this process runs in a session of Remote Desktop, where the manager refuses to work. */
Napi::Value IsRemoteSession(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), GetSystemMetrics(SM_REMOTESESSION) != 0);
}

}  // namespace

void ExportManager(Napi::Env env, Napi::Object exports,
                   const std::shared_ptr<PendingCalls>& calls) {
  ExportCall<CreateCard>(env, exports, "createCard", calls);
  ExportCall<DestroyCard>(env, exports, "destroyCard", calls);
  exports.Set("isRemoteSession", Napi::Function::New<IsRemoteSession>(env, "isRemoteSession"));
}

}  // namespace vsc
