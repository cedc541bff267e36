#include "windows/tbs/tbs_exports.h"

#include "node/calls/export_call.h"
#include "node/transport_object.h"
#include "windows/system/napi_arguments.h"
#include "windows/tbs/device_info_call.h"
#include "windows/tbs/tbs_transport.h"

namespace vsc {

namespace {

Napi::Value OpenTbs(const Napi::CallbackInfo& info) {
  return WithRejections(info.Env(), [&] {
    return TransportObject::Open(info.Env(), std::make_unique<TbsTransport>());
  });
}

Napi::Value TpmDeviceInfo(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    return calls.Start(info.Env(), std::make_shared<DeviceInfoCall>(), info.Env().Undefined());
  });
}

}  // namespace

void ExportTbs(Napi::Env env, Napi::Object exports, const std::shared_ptr<PendingCalls>& calls) {
  exports.Set("openTbs", Napi::Function::New<OpenTbs>(env, "openTbs"));
  ExportCall<TpmDeviceInfo>(env, exports, "tpmDeviceInfo", calls);
}

}  // namespace vsc
