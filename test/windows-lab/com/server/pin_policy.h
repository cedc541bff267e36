#pragma once

#include <windows.h>

#include <optional>

namespace lab {

/** Rules for a PIN, from the 32 bytes of [MS-TPMVSC] 2.2.2.1. */
class PinPolicy {
 public:
  /** What Windows uses where there is no policy. */
  static PinPolicy Default();
  /** Nothing for bytes that break the structure's own rules. */
  static std::optional<PinPolicy> Parse(const BYTE* bytes, DWORD size);

  bool Allows(const BYTE* pin, DWORD size) const;

 private:
  static constexpr int kClasses = 5;

  DWORD minLength_;
  DWORD maxLength_;
  /** Upper case, lower case, digits, special characters, others: 0 allowed, 1 required, 2 not. */
  DWORD rules_[kClasses];
};

}  // namespace lab
