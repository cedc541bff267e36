#pragma once

#include "node/calls/system_call.h"
#include "windows/tbs/tbs_library.h"

namespace vsc {

/** What TBS says about the TPM without asking the TPM. */
class DeviceInfoCall final : public SystemCall {
 public:
  void Work(CallLine& line) override;
  /** `{ structVersion, tpmVersion, interfaceType, implementationRevision }` */
  Napi::Value Result(Napi::Env env) override;

 private:
  TbsDeviceInfo info_;
};

}  // namespace vsc
