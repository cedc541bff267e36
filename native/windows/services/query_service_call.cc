#include "windows/services/query_service_call.h"

#include <windows.h>

#include <vector>

#include "node/unique_handle.h"
#include "windows/system/hresult_error.h"

namespace vsc {

namespace {

struct ServiceTraits {
  using Type = SC_HANDLE;
  static Type None() { return nullptr; }
  static void Close(Type handle) noexcept { CloseServiceHandle(handle); }
};
using ServiceHandle = UniqueHandle<ServiceTraits>;

std::uint32_t StateOf(const ServiceHandle& service) {
  SERVICE_STATUS status = {};
  if (!QueryServiceStatus(service.get(), &status)) throw LastError("ask for a service's state");
  return status.dwCurrentState;
}

std::uint32_t StartTypeOf(const ServiceHandle& service) {
  DWORD size = 0;
  QueryServiceConfigW(service.get(), nullptr, 0, &size);
  if (GetLastError() != ERROR_INSUFFICIENT_BUFFER) throw LastError("ask how a service is started");
  // Of the alignment that the structure at its beginning needs.
  std::vector<QUERY_SERVICE_CONFIGW> room(size / sizeof(QUERY_SERVICE_CONFIGW) + 1);
  const DWORD length = static_cast<DWORD>(room.size() * sizeof(QUERY_SERVICE_CONFIGW));
  if (!QueryServiceConfigW(service.get(), room.data(), length, &size)) {
    throw LastError("ask how a service is started");
  }
  return room.front().dwStartType;
}

}  // namespace

void QueryServiceCall::Work(CallLine&) {
  const ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  if (!manager) throw LastError("connect to the service control manager");
  const ServiceHandle service(
      OpenServiceW(manager.get(), name_.c_str(), SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG));
  if (!service) {
    if (GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST) return;
    throw LastError("open a service");
  }
  service_ = Service{StateOf(service), StartTypeOf(service)};
}

Napi::Value QueryServiceCall::Result(Napi::Env env) {
  if (!service_) return env.Null();
  Napi::Object result = Napi::Object::New(env);
  result.Set("state", service_->state);
  result.Set("startType", service_->start_type);
  return result;
}

}  // namespace vsc
