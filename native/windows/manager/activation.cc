#include "windows/manager/activation.h"

#include <algorithm>
#include <iterator>

#include "windows/manager/proxy_security.h"
#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

constexpr wchar_t kElevationMoniker[] =
    L"Elevation:Administrator!new:{16A18E86-7F6E-4C20-AD89-4FFC0DB7A96A}";

/** ERROR_ELEVATION_REQUIRED, which not every compiler's winerror.h has. */
constexpr HRESULT kElevationRequired = static_cast<HRESULT>(0x800702E4);

/** RPC_S_SERVER_UNAVAILABLE, RPC_S_UNKNOWN_IF, RPC_S_CALL_FAILED, RPC_S_CALL_FAILED_DNE,
 * RPC_E_DISCONNECTED, RPC_E_SERVER_DIED, RPC_E_SERVER_DIED_DNE. */
constexpr HRESULT kServerGone[] = {
    static_cast<HRESULT>(0x800706BA), static_cast<HRESULT>(0x800706B5),
    static_cast<HRESULT>(0x800706BE), static_cast<HRESULT>(0x800706BF),
    static_cast<HRESULT>(0x80010108), static_cast<HRESULT>(0x80010007),
    static_cast<HRESULT>(0x80010012)};

/** The manager ends when nobody uses it: one that is just about to may be handed out once more. */
constexpr int kMoreAttempts = 6;
constexpr DWORD kFirstPause = 20;

bool IsServerGone(HRESULT result) {
  return std::find(std::begin(kServerGone), std::end(kServerGone), result) != std::end(kServerGone);
}

/** Has Windows start the manager as an administrator, which asks the user where that is needed. */
HRESULT ActivateElevated(ManagerPtr& manager) {
  BIND_OPTS3 options = {};
  options.cbStruct = sizeof(options);
  options.dwClassContext = CLSCTX_LOCAL_SERVER;
  return CoGetObject(kElevationMoniker, &options, tpmvsc::kManager, manager.Receive());
}

HRESULT Create(ManagerPtr& manager) {
  return CoCreateInstance(tpmvsc::kManagerClass, nullptr, CLSCTX_LOCAL_SERVER, tpmvsc::kManager,
                          manager.Receive());
}

ManagerPtr ActivateHere(bool allow_elevation_prompt) {
  ManagerPtr manager;
  HRESULT result = Create(manager);
  for (int again = 0; again < kMoreAttempts && IsServerGone(result); ++again) {
    Sleep(kFirstPause << again);
    result = Create(manager);
  }
  if (result == kElevationRequired && allow_elevation_prompt) {
    result = ActivateElevated(manager);
  }
  CheckHresult(result, "start Windows' virtual smart card manager");
  return manager;
}

ManagerPtr ActivateRemotely(std::wstring machine) {
  // Without this structure COM negotiates Kerberos or NTLM by the process's settings, which is
  // best.
  COAUTHINFO authentication = {};
  authentication.dwAuthnSvc = RPC_C_AUTHN_WINNT;
  authentication.dwAuthzSvc = RPC_C_AUTHZ_NONE;
  authentication.dwAuthnLevel = RPC_C_AUTHN_LEVEL_PKT_PRIVACY;
  authentication.dwImpersonationLevel = RPC_C_IMP_LEVEL_IMPERSONATE;
  authentication.dwCapabilities = EOAC_NONE;
  COSERVERINFO server = {};
  server.pwszName = machine.data();
  server.pAuthInfo = SecureProcess() ? nullptr : &authentication;
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
