#include "server/pin_policy.h"

#include "common/bytes.h"

namespace lab {
namespace {

constexpr DWORD kSize = 32;
constexpr DWORD kReserved = 1;
constexpr DWORD kShortest = 4;
constexpr DWORD kLongest = 127;
constexpr DWORD kRequired = 1;
constexpr DWORD kDisallowed = 2;

/** Index of the character's class in the policy's order. */
int ClassOf(BYTE character) {
  if (character >= 'A' && character <= 'Z') return 0;
  if (character >= 'a' && character <= 'z') return 1;
  if (character >= '0' && character <= '9') return 2;
  return character >= 0x20 && character <= 0x7E ? 3 : 4;
}

}  // namespace

PinPolicy PinPolicy::Default() {
  PinPolicy policy = {};
  policy.minLength_ = 8;
  policy.maxLength_ = kLongest;
  return policy;
}

std::optional<PinPolicy> PinPolicy::Parse(const BYTE* bytes, DWORD size) {
  if (size != kSize || LittleEndian32(bytes) != kReserved) return std::nullopt;
  PinPolicy policy = {};
  policy.minLength_ = LittleEndian32(bytes + 4);
  policy.maxLength_ = LittleEndian32(bytes + 8);
  const bool isRange = policy.minLength_ >= kShortest && policy.maxLength_ <= kLongest &&
                       policy.minLength_ <= policy.maxLength_;
  if (!isRange) return std::nullopt;
  for (int index = 0; index < kClasses; index++) {
    policy.rules_[index] = LittleEndian32(bytes + 12 + 4 * index);
    if (policy.rules_[index] > kDisallowed) return std::nullopt;
  }
  return policy;
}

bool PinPolicy::Allows(const BYTE* pin, DWORD size) const {
  if (size < minLength_ || size > maxLength_) return false;
  bool present[kClasses] = {};
  for (DWORD index = 0; index < size; index++) present[ClassOf(pin[index])] = true;
  for (int index = 0; index < kClasses; index++) {
    if (rules_[index] == kRequired && !present[index]) return false;
    if (rules_[index] == kDisallowed && present[index]) return false;
  }
  return true;
}

}  // namespace lab
