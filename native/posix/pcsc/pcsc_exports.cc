#include "posix/pcsc/pcsc_exports.h"

#include "node/calls/export_call.h"
#include "node/pcsc/card_calls.h"
#include "posix/pcsc/pcsc_card.h"
#include "posix/pcsc/pcsc_readers.h"
#include "posix/pcsc/pcsc_watch.h"

namespace vsc {

namespace {

/** Without NUL, since the library takes it to end there. */
std::string ReaderArgument(const Napi::CallbackInfo& info) {
  const std::string name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
  if (!name.empty() && name.find('\0') == std::string::npos) return name;
  throw NativeError("INVALID_ARGUMENT", "readerName must be a string without NUL characters");
}

Napi::Value ConnectCard(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    auto card = ShareCard(std::make_unique<PcscCard>(ReaderArgument(info)));
    return StartConnecting(info.Env(), calls, std::move(card), [](CallObject&) {});
  });
}

}  // namespace

void ExportPcsc(Napi::Env env, Napi::Object exports) {
  const std::shared_ptr<PendingCalls> calls = PendingCalls::Install(env);
  ExportCall<StartCall<ListPcscReadersCall>>(env, exports, "listReaders", calls);
  ExportCall<StartCall<WatchPcscReadersCall>>(env, exports, "watchReaders", calls);
  ExportCall<ConnectCard>(env, exports, "connectCard", calls);
}

}  // namespace vsc
