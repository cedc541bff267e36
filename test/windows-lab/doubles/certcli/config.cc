#include "certcli/config.h"

#include "certcli/automation.h"
#include "certcli/ids.h"

namespace lab {

CertConfig::CertConfig() : DispatchObject(kConfig) {}

HRESULT CertConfig::Reset(LONG, LONG*) {
  return E_NOTIMPL;
}

HRESULT CertConfig::Next(LONG*) {
  return E_NOTIMPL;
}

HRESULT CertConfig::GetField(const BSTR, BSTR*) {
  return E_NOTIMPL;
}

HRESULT CertConfig::GetConfig(LONG flags, BSTR* config) {
  return Received("GetConfig", {{"flags", static_cast<double>(flags)}}, config, [&] {
    // The others would ask the user, or are about an authority on this machine.
    RequireArgument(flags == CC_DEFAULTCONFIG);
    return ForwarderClient::Ask("GetConfig", {}).At("config");
  });
}

}  // namespace lab
