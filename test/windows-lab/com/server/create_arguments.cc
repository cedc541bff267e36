#include "server/create_arguments.h"

#include <cstring>

#include "common/base64.h"
#include "common/text.h"
#include "server/failure.h"
#include "server/key_check_value.h"
#include "server/pin_policy.h"

namespace lab {
namespace {

/** 3-key 3DES, ISO/IEC 9797-1 padding method 2, CBC. */
constexpr BYTE kAdminAlgorithm = 0x82;
constexpr DWORD kAdminKeySize = 24;
constexpr DWORD kAdminKcvSize = 3;
constexpr DWORD kShortestPuk = 8;
constexpr DWORD kShortestPin = 8;
constexpr DWORD kShortestPinWithPolicy = 4;
constexpr DWORD kLongest = 127;

/** RPC_X_BAD_STUB_DATA: what a strict unmarshaller says. */
constexpr uint32_t kBadStubData = 0x800706F7;

constexpr int kPinComplexity = 1;
constexpr int kCardCreate = 17;

Json Encoded(SizedBytes value) {
  if (!value.bytes) return nullptr;
  return ToBase64(Bytes(value.bytes, value.bytes + value.size));
}

Json Utf16(const WCHAR* text) {
  const BYTE* bytes = reinterpret_cast<const BYTE*>(text);
  return ToBase64(Bytes(bytes, bytes + std::wcslen(text) * sizeof(WCHAR)));
}

void RequireThat(bool holds) {
  if (!holds) throw Failure(static_cast<uint32_t>(E_INVALIDARG), {kCardCreate});
}

/** A NULL has no size, and a size of 0 has no pointer. */
void CheckPair(SizedBytes value) {
  if ((value.bytes == nullptr) != (value.size == 0)) throw Failure(kBadStubData, {});
}

}  // namespace

Json::Object CreateArguments::Record() const {
  Json::Object record = {
      {"friendlyName", Utf16(friendlyName)},
      {"adminAlgorithmId", static_cast<unsigned>(adminAlgorithmId)},
      {"adminKey", Encoded(adminKey)},
      {"adminKeySize", adminKey.size},
      {"adminKcv", Encoded(adminKcv)},
      {"adminKcvSize", adminKcv.size},
      {"puk", Encoded(puk)},
      {"pukSize", puk.size},
      {"pin", Encoded(pin)},
      {"pinSize", pin.size},
  };
  if (pinPolicy) {
    record.emplace_back("pinPolicy", Encoded(*pinPolicy));
    record.emplace_back("pinPolicySize", pinPolicy->size);
  }
  if (attestationType) record.emplace_back("attestationType", *attestationType);
  record.emplace_back("generate", static_cast<int>(generate));
  record.emplace_back("statusCallback", hasCallback);
  return record;
}

void CreateArguments::Check() const {
  CheckPair(adminKcv);
  CheckPair(puk);
  if (pinPolicy) CheckPair(*pinPolicy);
  RequireThat(adminAlgorithmId == kAdminAlgorithm);
  RequireThat(adminKey.size == kAdminKeySize);
  if (adminKcv.bytes) {
    RequireThat(adminKcv.size == kAdminKcvSize);
    const Bytes expected = KeyCheckValue(adminKey.bytes);
    RequireThat(std::memcmp(expected.data(), adminKcv.bytes, kAdminKcvSize) == 0);
  }
  if (puk.bytes) RequireThat(puk.size >= kShortestPuk && puk.size <= kLongest);
  RequireThat(pin.size >= (pinPolicy ? kShortestPinWithPolicy : kShortestPin));
  RequireThat(pin.size <= kLongest);
  if (attestationType) RequireThat(*attestationType >= 0 && *attestationType <= 2);
  std::optional<PinPolicy> policy = PinPolicy::Default();
  if (pinPolicy && pinPolicy->bytes) policy = PinPolicy::Parse(pinPolicy->bytes, pinPolicy->size);
  RequireThat(policy.has_value());
  if (!policy->Allows(pin.bytes, pin.size)) {
    throw Failure(static_cast<uint32_t>(E_INVALIDARG), {kPinComplexity, kCardCreate});
  }
}

Json::Object CreateArguments::Request() const {
  return {
      {"name", Utf8(friendlyName)},
      {"adminKey", Encoded(adminKey)},
      {"pin", Encoded(pin)},
      {"puk", Encoded(puk)},
      {"pinPolicy", pinPolicy ? Encoded(*pinPolicy) : Json()},
      {"generate", generate != FALSE},
  };
}

}  // namespace lab
