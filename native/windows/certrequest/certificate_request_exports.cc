#include "windows/certrequest/certificate_request_exports.h"

#include "node/calls/export_call.h"
#include "node/native_error.h"
#include "windows/certrequest/retrieve_certificate_call.h"
#include "windows/certrequest/submit_request_call.h"
#include "windows/system/napi_arguments.h"

namespace vsc {

namespace {

Napi::Value SubmitRequest(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object options = ObjectArgument(info, 0, "request");
    auto call = std::make_shared<SubmitRequestCall>(
        TextProperty(options, "config"), static_cast<LONG>(NumberProperty(options, "format")),
        TextProperty(options, "request"), TextProperty(options, "attributes"));
    return calls.Start(info.Env(), std::move(call), info[1]);
  });
}

Napi::Value RetrieveCertificate(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object options = ObjectArgument(info, 0, "request");
    auto call = std::make_shared<RetrieveCertificateCall>(
        TextProperty(options, "config"), static_cast<LONG>(NumberProperty(options, "requestId")));
    return calls.Start(info.Env(), std::move(call), info[1]);
  });
}

}  // namespace

void ExportCertificateRequests(Napi::Env env, Napi::Object exports,
                               const std::shared_ptr<PendingCalls>& calls) {
  ExportCall<SubmitRequest>(env, exports, "submitRequest", calls);
  ExportCall<RetrieveCertificate>(env, exports, "retrieveCertificate", calls);
}

}  // namespace vsc
