#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "node/calls/system_call.h"
#include "windows/winscard/scard_context.h"

namespace vsc {

/** A reader as the smart card service has it. */
struct ReaderEntry {
  std::wstring name;
  /** SCARD_READER_TYPE_…; none when the reader went before it could be asked. */
  std::optional<DWORD> device_type;
  std::wstring instance_id;
  std::vector<std::uint8_t> atr;
};

/** All readers with their device type, device instance id and the ATR of the card that is in. */
class ListReadersCall final : public SystemCall {
 public:
  void Work(CallLine& line) override;
  /** `{ readerName, deviceType, instanceId, atr }[]` */
  Napi::Value Result(Napi::Env env) override;

 private:
  static ReaderEntry Describe(const ScardContext& context, const std::wstring& name);

  std::vector<ReaderEntry> readers_;
};

}  // namespace vsc
