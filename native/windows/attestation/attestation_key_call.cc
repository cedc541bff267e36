#include "windows/attestation/attestation_key_call.h"

#include "windows/attestation/card_finder.h"
#include "windows/system/apartment.h"
#include "windows/system/wide_string.h"
#include "windows/winrt/activation_factory.h"
#include "windows/winrt/await_operation.h"
#include "windows/winrt/runtime_string.h"

namespace vsc {

namespace {

ComPtr<winrt::Provisioning> ProvisioningOf(CallLine& line, const ComPtr<winrt::SmartCard>& card) {
  const std::string action = "open the card for provisioning";
  const auto statics = ActivationFactory<winrt::ProvisioningStatics>(winrt::kProvisioningClass,
                                                                     winrt::kProvisioningStatics);
  ComPtr<winrt::AsyncOperation<winrt::Provisioning*>> operation;
  CheckHresult(
      statics.get()->table->FromSmartCardAsync(statics.get(), card.get(), ReceiveFrom(operation)),
      action);
  ComPtr<winrt::Provisioning> provisioning;
  AwaitResult(line, operation, ReceiveFrom(provisioning), action);
  if (!provisioning) throw HresultError(E_POINTER, action);
  return provisioning;
}

}  // namespace

void AttestationKeyCall::Work(CallLine& line) {
  // Outlives all of the objects below.
  const Apartment apartment;
  const ComPtr<winrt::SmartCard> card = CardFinder().Find(line, reader_name_);
  const ComPtr<winrt::Provisioning> provisioning = ProvisioningOf(line, card);
  const std::string action = "get the name of the card's attestation key";
  ComPtr<winrt::Provisioning2> provisioning2;
  CheckHresult(
      provisioning.unknown()->QueryInterface(winrt::kProvisioning2, provisioning2.Receive()),
      action);
  ComPtr<winrt::AsyncOperation<HSTRING>> operation;
  CheckHresult(provisioning2.get()->table->GetAuthorityKeyContainerNameAsync(
                   provisioning2.get(), ReceiveFrom(operation)),
               action);
  RuntimeString name;
  AwaitResult(line, operation, name.Receive(), action);
  container_ = TextOf(name);
}

Napi::Value AttestationKeyCall::Result(Napi::Env env) {
  if (container_.empty()) return env.Null();
  return ToJavaScript(env, container_);
}

}  // namespace vsc
