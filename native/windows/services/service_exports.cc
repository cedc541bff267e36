#include "windows/services/service_exports.h"

#include <windows.h>

#include "node/calls/export_call.h"
#include "node/unique_handle.h"
#include "windows/services/query_service_call.h"
#include "windows/system/hresult_error.h"
#include "windows/system/napi_arguments.h"

namespace vsc {

namespace {

struct TokenTraits {
  using Type = HANDLE;
  static Type None() { return nullptr; }
  static void Close(Type handle) noexcept { CloseHandle(handle); }
};
using TokenHandle = UniqueHandle<TokenTraits>;

Napi::Value QueryService(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    auto call = std::make_shared<QueryServiceCall>(TextArgument(info, 0, "name"));
    return calls.Start(info.Env(), std::move(call), info[1]);
  });
}

/** Whether this process has an administrator's rights, where user account control splits them off.
 */
Napi::Value IsElevated(const Napi::CallbackInfo& info) {
  return WithErrors(info.Env(), [&] {
    TokenHandle token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, token.Receive())) {
      throw LastError("open the token of this process");
    }
    TOKEN_ELEVATION elevation = {};
    DWORD size = 0;
    if (!GetTokenInformation(token.get(), TokenElevation, &elevation, sizeof(elevation), &size)) {
      throw LastError("ask for this process's rights");
    }
    return Napi::Boolean::New(info.Env(), elevation.TokenIsElevated != 0);
  });
}

}  // namespace

void ExportServices(Napi::Env env, Napi::Object exports,
                    const std::shared_ptr<PendingCalls>& calls) {
  ExportCall<QueryService>(env, exports, "queryService", calls);
  exports.Set("isElevated", Napi::Function::New<IsElevated>(env, "isElevated"));
}

}  // namespace vsc
