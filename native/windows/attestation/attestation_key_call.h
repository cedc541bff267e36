#pragma once

#include <string>
#include <utility>

#include "node/calls/system_call.h"

namespace vsc {

/** Asks the Windows Runtime for the container of an attested card's attestation identity key. */
class AttestationKeyCall final : public SystemCall {
 public:
  explicit AttestationKeyCall(std::wstring reader_name) : reader_name_(std::move(reader_name)) {}

  void Work(CallLine& line) override;
  /** The container's name; null when Windows tells none. */
  Napi::Value Result(Napi::Env env) override;

 private:
  const std::wstring reader_name_;
  std::wstring container_;
};

}  // namespace vsc
