#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/calls/system_call.h"

namespace vsc {

/** A reader as the smart card service has it. */
struct PcscReader {
  std::string name;
  /** Empty without a card that answers. */
  std::vector<std::uint8_t> atr;
  /** Another number whenever a card came or went. */
  std::uint32_t events = 0;
};

/** All readers with the ATR of the card that is in. */
class ListPcscReadersCall final : public SystemCall {
 public:
  void Work(CallLine& line) override;
  /** `{ readerName, atr, events }[]` */
  Napi::Value Result(Napi::Env env) override;

 private:
  std::vector<PcscReader> readers_;
};

}  // namespace vsc
