#include "windows/tbs/device_info_call.h"

#include "windows/system/hresult_error.h"

namespace vsc {

void DeviceInfoCall::Work(CallLine&) {
  CheckCode(static_cast<LONG>(TbsLibrary::Get().GetDeviceInfo(sizeof(info_), &info_)),
            "ask about the TPM");
}

Napi::Value DeviceInfoCall::Result(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("structVersion", info_.struct_version);
  result.Set("tpmVersion", info_.tpm_version);
  result.Set("interfaceType", info_.interface_type);
  result.Set("implementationRevision", info_.implementation_revision);
  return result;
}

}  // namespace vsc
