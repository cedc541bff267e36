#include "sign.h"

#include <windows.h>
// After windows.h, whose types it needs.
#include <ncrypt.h>

#include "stopwatch.h"
#include "text.h"

namespace bench {

namespace {

constexpr DWORD kLargestSignature = 1024;

void SetPin(NCRYPT_KEY_HANDLE key, const std::wstring& pin) {
  auto* const bytes = reinterpret_cast<PBYTE>(const_cast<wchar_t*>(pin.c_str()));
  const auto size = static_cast<DWORD>((pin.size() + 1) * sizeof(wchar_t));
  Check(NCryptSetProperty(key, NCRYPT_PIN_PROPERTY, bytes, size, NCRYPT_SILENT_FLAG),
        "NCryptSetProperty");
}

}  // namespace

std::string Sign(const Signing& signing) {
  const std::wstring name = L"\\\\.\\" + signing.reader + L"\\" + signing.container;
  std::vector<std::uint8_t> hash = signing.hash;
  std::vector<std::uint8_t> signature(kLargestSignature);
  DWORD size = 0;
  BCRYPT_PKCS1_PADDING_INFO padding = {BCRYPT_SHA256_ALGORITHM};
  Stopwatch watch;
  NCRYPT_PROV_HANDLE provider = 0;
  Check(NCryptOpenStorageProvider(&provider, MS_SMART_CARD_KEY_STORAGE_PROVIDER, 0),
        "NCryptOpenStorageProvider");
  NCRYPT_KEY_HANDLE key = 0;
  Check(NCryptOpenKey(provider, &key, name.c_str(), 0, NCRYPT_SILENT_FLAG), "NCryptOpenKey");
  SetPin(key, signing.pin);
  Check(
      NCryptSignHash(key, &padding, hash.data(), static_cast<DWORD>(hash.size()), signature.data(),
                     kLargestSignature, &size, NCRYPT_SILENT_FLAG | BCRYPT_PAD_PKCS1),
      "NCryptSignHash");
  SetPin(key, L"");
  NCryptFreeObject(key);
  NCryptFreeObject(provider);
  watch.Stop();
  signature.resize(size);
  return watch.Answer(ToHex(signature));
}

}  // namespace bench
