#include "windows/manager/create_call.h"

#include <utility>

#include "windows/system/wide_string.h"

namespace vsc {

namespace {

DWORD Size(const SecretBuffer& buffer) {
  return static_cast<DWORD>(buffer.size());
}

REFIID InterfaceId(int number) {
  switch (number) {
    case 3:
      return tpmvsc::kManager3;
    case 2:
      return tpmvsc::kManager2;
    default:
      return tpmvsc::kManager;
  }
}

}  // namespace

CreateCall::CreateCall(ManagerAddress address, bool tells_status, int interface_number,
                       NewCard card)
    : ManagerCall(std::move(address), tells_status),
      interface_number_(interface_number),
      card_(std::move(card)) {}

void CreateCall::Work(CallLine& line) {
  Activate(InterfaceId(interface_number_));
  Invoke(line, "create the virtual smart card",
         [this](tpmvsc::Manager* manager, tpmvsc::StatusCallback* callback) {
           const HRESULT result = Create(manager, callback);
           for (SecretBuffer* secret : {&card_.admin_key, &card_.puk, &card_.pin}) secret->Clear();
           return result;
         });
}

HRESULT CreateCall::Create(tpmvsc::Manager* manager, tpmvsc::StatusCallback* callback) {
  const BOOL generate = card_.generate ? TRUE : FALSE;
  const auto& [name, key, kcv, puk, pin, policy, attestation, generates] = card_;
  const tpmvsc::ManagerTable& table = *manager->table;
  switch (interface_number_) {
    case 3:
      return table.CreateVirtualSmartCardWithAttestation(
          manager, name.c_str(), tpmvsc::kAdminAlgorithm, key.data(), Size(key), kcv.data(),
          Size(kcv), puk.data(), Size(puk), pin.data(), Size(pin), policy.data(), Size(policy),
          attestation, generate, callback, instance_id_.Receive());
    case 2:
      return table.CreateVirtualSmartCardWithPinPolicy(
          manager, name.c_str(), tpmvsc::kAdminAlgorithm, key.data(), Size(key), kcv.data(),
          Size(kcv), puk.data(), Size(puk), pin.data(), Size(pin), policy.data(), Size(policy),
          generate, callback, instance_id_.Receive(), &need_reboot_);
    default:
      return table.CreateVirtualSmartCard(manager, name.c_str(), tpmvsc::kAdminAlgorithm,
                                          key.data(), Size(key), kcv.data(), Size(kcv), puk.data(),
                                          Size(puk), pin.data(), Size(pin), generate, callback,
                                          instance_id_.Receive(), &need_reboot_);
  }
}

Napi::Value CreateCall::Result(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("instanceId", instance_id_ ? Napi::Value(ToJavaScript(env, instance_id_.get()))
                                        : Napi::Value(env.Null()));
  result.Set("needReboot", Napi::Boolean::New(env, need_reboot_ != FALSE));
  return result;
}

void CreateCall::TakeBack(CallLine& line) noexcept {
  if (!instance_id_) return;
  BOOL need_reboot = FALSE;
  const HRESULT result = manager_.get()->table->DestroyVirtualSmartCard(
      manager_.get(), instance_id_.get(), nullptr, &need_reboot);
  try {
    line.Send(
        {result == S_OK ? "lateCardDestroyed" : "lateCardLeft", 0, ToUtf16(instance_id_.get())});
  } catch (const std::exception&) {
    // Without the memory for a message there is nobody to tell.
    return;
  }
}

}  // namespace vsc
