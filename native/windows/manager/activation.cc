#include "windows/manager/activation.h"

#include <optional>

#include "windows/manager/proxy_security.h"
#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

constexpr wchar_t kElevationMoniker[] =
    L"Elevation:Administrator!new:{16A18E86-7F6E-4C20-AD89-4FFC0DB7A96A}";

/** Has Windows start the manager as an administrator, which asks the user where that is needed. */
HRESULT ActivateElevated(ManagerPtr& manager) {
  BIND_OPTS3 options = {};
  options.cbStruct = sizeof(options);
  options.dwClassContext = CLSCTX_LOCAL_SERVER;
  return CoGetObject(kElevationMoniker, &options, tpmvsc::kManager, manager.Receive());
}

ManagerPtr ActivateHere(bool allow_elevation_prompt) {
  ManagerPtr manager;
  HRESULT result = CoCreateInstance(tpmvsc::kManagerClass, nullptr, CLSCTX_LOCAL_SERVER,
                                    tpmvsc::kManager, manager.Receive());
  if (result == HRESULT_FROM_WIN32(ERROR_ELEVATION_REQUIRED) && allow_elevation_prompt) {
    result = ActivateElevated(manager);
  }
  CheckHresult(result, "start Windows' virtual smart card manager");
  return manager;
}

ManagerPtr ActivateRemotely(std::wstring machine) {
  AllowCallbacks();
  COAUTHIDENTITY* const own_identity = nullptr;
  COAUTHINFO authentication = {RPC_C_AUTHN_DEFAULT,         RPC_C_AUTHZ_NONE, nullptr,
                               RPC_C_AUTHN_LEVEL_PKT_PRIVACY, RPC_C_IMP_LEVEL_IMPERSONATE,
                               own_identity,                EOAC_NONE};
  COSERVERINFO server = {};
  server.pwszName = machine.data();
  server.pAuthInfo = &authentication;
  MULTI_QI wanted = {&tpmvsc::kManager, nullptr, S_OK};
  HRESULT result = CoCreateInstanceEx(tpmvsc::kRemoteManagerClass, nullptr, CLSCTX_REMOTE_SERVER,
                                      &server, 1, &wanted);
  if (SUCCEEDED(result)) result = wanted.hr;
  CheckHresult(result, "reach the virtual smart card manager of " + ToUtf8(machine));
  ManagerPtr manager;
  manager.Attach(reinterpret_cast<tpmvsc::Manager*>(wanted.pItf));
  return manager;
}

}  // namespace

ManagerPtr ActivateManager(const ManagerAddress& address, REFIID id) {
  const bool remote = !address.machine.empty();
  ManagerPtr manager =
      remote ? ActivateRemotely(address.machine) : ActivateHere(address.allow_elevation_prompt);
  SecureProxy(manager.unknown());
  if (IsEqualIID(id, tpmvsc::kManager)) return manager;
  ManagerPtr newer;
  CheckHresult(manager.unknown()->QueryInterface(id, newer.Receive()),
               "get the newer interface of the virtual smart card manager");
  SecureProxy(newer.unknown());
  return newer;
}

}  // namespace vsc
