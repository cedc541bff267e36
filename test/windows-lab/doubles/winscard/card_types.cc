#include "winscard/card_types.h"

#include "winscard/component.h"

namespace lab {
namespace {

constexpr wchar_t kCardTypes[] = L"SOFTWARE\\Microsoft\\Cryptography\\Calais\\SmartCards";

class RegistryKey {
 public:
  RegistryKey(HKEY parent, const wchar_t* path) {
    if (RegOpenKeyExW(parent, path, 0, KEY_READ, &key_) != ERROR_SUCCESS) key_ = nullptr;
  }
  ~RegistryKey() {
    if (key_) RegCloseKey(key_);
  }
  RegistryKey(const RegistryKey&) = delete;
  RegistryKey& operator=(const RegistryKey&) = delete;

  HKEY get() const { return key_; }

  Bytes Value(const wchar_t* name, DWORD type) const {
    DWORD size = 0;
    if (RegGetValueW(key_, nullptr, name, type, nullptr, nullptr, &size) != ERROR_SUCCESS)
      return {};
    Bytes value(size);
    RegGetValueW(key_, nullptr, name, type, nullptr, value.data(), &size);
    value.resize(size);
    return value;
  }

 private:
  HKEY key_ = nullptr;
};

bool Matches(const Bytes& atr, const Bytes& pattern, const Bytes& mask) {
  if (pattern.size() != atr.size() || mask.size() != atr.size()) return false;
  for (size_t i = 0; i < atr.size(); i++) {
    if ((atr[i] & mask[i]) != (pattern[i] & mask[i])) return false;
  }
  return true;
}

std::wstring ValueName(unsigned long providerId) {
  switch (providerId) {
    case 1:
      return L"Primary Provider";
    case 2:
      return L"Crypto Provider";
    case 3:
      return L"Smart Card Key Storage Provider";
    case 0x80000001:
      return L"80000001";
    default:
      throw StatusError(Code(SCARD_E_INVALID_VALUE));
  }
}

}  // namespace

std::wstring CardTypeNames(const Bytes& atr) {
  const RegistryKey types(HKEY_LOCAL_MACHINE, kCardTypes);
  std::wstring names;
  wchar_t name[256];
  for (DWORD i = 0;; i++) {
    DWORD length = 256;
    if (RegEnumKeyExW(types.get(), i, name, &length, nullptr, nullptr, nullptr, nullptr) !=
        ERROR_SUCCESS) {
      break;
    }
    const RegistryKey type(types.get(), name);
    const bool matches = atr.empty() || Matches(atr, type.Value(L"ATR", RRF_RT_REG_BINARY),
                                                type.Value(L"ATRMask", RRF_RT_REG_BINARY));
    if (matches) names += std::wstring(name, length) + L'\0';
  }
  return names + L'\0';
}

std::wstring CardTypeProvider(const std::wstring& cardName, unsigned long providerId) {
  const RegistryKey types(HKEY_LOCAL_MACHINE, kCardTypes);
  const RegistryKey type(types.get(), cardName.c_str());
  Require(type.get() && !cardName.empty(), Code(SCARD_E_UNKNOWN_CARD));
  const Bytes value = type.Value(ValueName(providerId).c_str(), RRF_RT_REG_SZ);
  Require(!value.empty(), ERROR_FILE_NOT_FOUND);
  return {reinterpret_cast<const wchar_t*>(value.data()), value.size() / sizeof(wchar_t)};
}

}  // namespace lab
