#include "windows/manager/proxy_security.h"

#include <objbase.h>
#include <sddl.h>

#include <atomic>

#include "windows/system/hresult_error.h"
#include "windows/system/local_memory.h"

namespace vsc {

namespace {

// Owner and group administrators; anybody who authenticates may call, here and from elsewhere.
// The only object there is to call is the status callback of a create or destroy that is under way.
constexpr wchar_t kCallers[] = L"O:BAG:BAD:(A;;CCDCLC;;;WD)";

/** COM takes the parts of a security descriptor by their addresses, not by their offsets. */
class AbsoluteDescriptor {
 public:
  explicit AbsoluteDescriptor(const wchar_t* text) {
    PSECURITY_DESCRIPTOR relative = nullptr;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &relative,
                                                              nullptr)) {
      throw LastError("make COM's access list");
    }
    relative_.Reset(relative);
    PSID owner = nullptr;
    PSID group = nullptr;
    PACL list = nullptr;
    BOOL present = FALSE;
    BOOL defaulted = FALSE;
    const bool made = InitializeSecurityDescriptor(&absolute_, SECURITY_DESCRIPTOR_REVISION) &&
                      GetSecurityDescriptorOwner(relative, &owner, &defaulted) &&
                      GetSecurityDescriptorGroup(relative, &group, &defaulted) &&
                      GetSecurityDescriptorDacl(relative, &present, &list, &defaulted) &&
                      SetSecurityDescriptorOwner(&absolute_, owner, FALSE) &&
                      SetSecurityDescriptorGroup(&absolute_, group, FALSE) &&
                      SetSecurityDescriptorDacl(&absolute_, present, list, FALSE);
    if (!made) throw LastError("make COM's access list");
  }

  PSECURITY_DESCRIPTOR get() { return &absolute_; }

 private:
  /** Holds what the absolute one points to. */
  LocalMemory relative_;
  SECURITY_DESCRIPTOR absolute_ = {};
};

}  // namespace

void SecureProxy(IUnknown* proxy) {
  const HRESULT result = CoSetProxyBlanket(proxy, RPC_C_AUTHN_DEFAULT, RPC_C_AUTHZ_DEFAULT,
                                           COLE_DEFAULT_PRINCIPAL, RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                                           RPC_C_IMP_LEVEL_IMPERSONATE, nullptr, EOAC_DEFAULT);
  if (result == E_NOTIMPL || result == E_NOINTERFACE) return;
  CheckHresult(result, "secure the connection to the virtual smart card manager");
}

bool SecureProcess() {
  static std::atomic<bool> ours{false};
  AbsoluteDescriptor callers(kCallers);
  const HRESULT result =
      CoInitializeSecurity(callers.get(), -1, nullptr, nullptr, RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                           RPC_C_IMP_LEVEL_IMPERSONATE, nullptr, EOAC_NONE, nullptr);
  if (result == RPC_E_TOO_LATE) return ours;
  CheckHresult(result, "set COM's security");
  ours = true;
  return true;
}

}  // namespace vsc
