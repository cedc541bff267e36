#pragma once

#include "node/secret_buffer.h"
#include "windows/manager/manager_call.h"
#include "windows/manager/task_string.h"

namespace vsc {

/** What a card is made of, in the order of the interface's arguments. An empty buffer is NULL
 * there. */
struct NewCard {
  std::wstring name;
  SecretBuffer admin_key;
  SecretBuffer admin_kcv;
  SecretBuffer puk;
  SecretBuffer pin;
  SecretBuffer pin_policy;
  UINT32 attestation = 0;
  bool generate = false;
};

/** Makes a card through Manager (1), Manager2 (2) or Manager3 (3). */
class CreateCall final : public ManagerCall {
 public:
  CreateCall(ManagerAddress address, bool tells_status, int interface_number, NewCard card);

  void Work(CallLine& line) override;
  /** `{ instanceId: string | null, needReboot: boolean }` */
  Napi::Value Result(Napi::Env env) override;
  /** A card that turns up when nobody waits any more is destroyed again. */
  void TakeBack(CallLine& line) noexcept override;

 private:
  HRESULT Create(tpmvsc::Manager* manager, tpmvsc::StatusCallback* callback);

  const int interface_number_;
  NewCard card_;
  TaskString instance_id_;
  BOOL need_reboot_ = FALSE;
};

}  // namespace vsc
