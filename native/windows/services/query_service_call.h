#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "node/calls/system_call.h"

namespace vsc {

/** A service's state as the service control manager tells it to everybody. */
class QueryServiceCall final : public SystemCall {
 public:
  explicit QueryServiceCall(std::wstring name) : name_(std::move(name)) {}

  void Work(CallLine& line) override;
  /** `{ state, startType }`; null when there is no such service. */
  Napi::Value Result(Napi::Env env) override;

 private:
  struct Service {
    std::uint32_t state;
    std::uint32_t start_type;
  };

  const std::wstring name_;
  std::optional<Service> service_;
};

}  // namespace vsc
