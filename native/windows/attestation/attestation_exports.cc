#include "windows/attestation/attestation_exports.h"

#include "node/calls/export_call.h"
#include "windows/attestation/attestation_key_call.h"
#include "windows/system/napi_arguments.h"

namespace vsc {

namespace {

Napi::Value AttestationKeyContainer(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    auto call = std::make_shared<AttestationKeyCall>(TextArgument(info, 0, "readerName"));
    return calls.Start(info.Env(), std::move(call), info[1]);
  });
}

}  // namespace

void ExportAttestation(Napi::Env env, Napi::Object exports,
                       const std::shared_ptr<PendingCalls>& calls) {
  ExportCall<AttestationKeyContainer>(env, exports, "attestationKeyContainer", calls);
}

}  // namespace vsc
