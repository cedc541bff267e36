#include "windows/winscard/winscard_exports.h"

#include "windows/system/napi_arguments.h"
#include "windows/winscard/card_calls.h"
#include "windows/winscard/list_devices_call.h"
#include "windows/winscard/list_readers_call.h"
#include "windows/winscard/watch_readers_call.h"

namespace vsc {

namespace {

template <typename Call>
Napi::Value StartCall(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(),
                    [&] { return calls.Start(info.Env(), std::make_shared<Call>(), info[0]); });
}

}  // namespace

void ExportWinscard(Napi::Env env, Napi::Object exports,
                    const std::shared_ptr<PendingCalls>& calls) {
  ExportCall<StartCall<ListReadersCall>>(env, exports, "listReaders", calls);
  ExportCall<StartCall<ListDevicesCall>>(env, exports, "listDevices", calls);
  ExportCall<StartCall<WatchReadersCall>>(env, exports, "watchReaders", calls);
  ExportCall<ConnectCard>(env, exports, "connectCard", calls);
}

}  // namespace vsc
