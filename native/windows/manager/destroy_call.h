#pragma once

#include "windows/manager/manager_call.h"

namespace vsc {

/** Destroys a card. */
class DestroyCall final : public ManagerCall {
 public:
  DestroyCall(ManagerAddress address, bool tells_status, std::wstring instance_id)
      : ManagerCall(std::move(address), tells_status), instance_id_(std::move(instance_id)) {}

  void Work(CallLine& line) override;
  /** `{ needReboot: boolean }` */
  Napi::Value Result(Napi::Env env) override;

 private:
  const std::wstring instance_id_;
  BOOL need_reboot_ = FALSE;
};

}  // namespace vsc
