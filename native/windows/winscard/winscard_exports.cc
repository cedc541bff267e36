#include "windows/winscard/winscard_exports.h"

#include "node/calls/export_call.h"
#include "node/pcsc/card_calls.h"
#include "windows/minidriver/module_calls.h"
#include "windows/system/napi_arguments.h"
#include "windows/winscard/list_devices_call.h"
#include "windows/winscard/list_readers_call.h"
#include "windows/winscard/watch_readers_call.h"

namespace vsc {

namespace {

Napi::Value ConnectCard(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const auto card = ShareCard(std::make_unique<ScardCard>(TextArgument(info, 0, "readerName")));
    const auto add_module = [card, pending = calls.shared_from_this()](CallObject& object) {
      object.Add("minidriver",
                 [card, pending](const Napi::CallbackInfo&) { return LoadModule(card, pending); });
    };
    return StartConnecting(info.Env(), calls, card, add_module);
  });
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
