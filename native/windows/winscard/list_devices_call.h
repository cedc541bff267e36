#pragma once

#include <string>
#include <vector>

#include "node/calls/system_call.h"

namespace vsc {

/** A reader's device node. */
struct ReaderDevice {
  std::wstring instance_id;
  /** The friendly name: the one the card was created with. Empty when the node has none. */
  std::wstring name;
};

/** The readers that no bus brings, which the device manager lists below ROOT\SMARTCARDREADER. */
class ListDevicesCall final : public SystemCall {
 public:
  void Work(CallLine& line) override;
  /** `{ instanceId, name }[]` */
  Napi::Value Result(Napi::Env env) override;

 private:
  std::vector<ReaderDevice> devices_;
};

}  // namespace vsc
