#include "windows/certificates/key_link.h"

#include <ncrypt.h>

#include <cstddef>
#include <vector>

#include "windows/system/hresult_error.h"

namespace vsc {

namespace {

// dwProvType; CNG's providers have none.
constexpr DWORD kCngType = 0;

/** Windows finds providers without regard to case. */
bool IsNamed(const wchar_t* name, const wchar_t* provider) {
  return name != nullptr && CompareStringOrdinal(name, -1, provider, -1, TRUE) == CSTR_EQUAL;
}

std::optional<CardKeys::Provider> ProviderOf(const CRYPT_KEY_PROV_INFO& info) {
  if (IsNamed(info.pwszProvName, MS_SMART_CARD_KEY_STORAGE_PROVIDER))
    return CardKeys::Provider::kKsp;
  if (IsNamed(info.pwszProvName, MS_SCARD_PROV_W)) return CardKeys::Provider::kCsp;
  return std::nullopt;
}

/** Without the reader of `\\.\reader\container`, which others may have written. */
std::wstring ContainerOf(const CRYPT_KEY_PROV_INFO& info) {
  const std::wstring name = info.pwszContainerName == nullptr ? L"" : info.pwszContainerName;
  if (name.compare(0, 4, L"\\\\.\\") != 0) return name;
  const std::size_t end = name.find(L'\\', 4);
  return end == std::wstring::npos ? L"" : name.substr(end + 1);
}

}  // namespace

std::optional<KeyLink> ReadKeyLink(PCCERT_CONTEXT certificate) {
  const Crypt32Library& crypt32 = Crypt32Library::Get();
  DWORD size = 0;
  if (!crypt32.GetProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, nullptr, &size)) {
    return std::nullopt;
  }
  // Of a type that is aligned as the structure has to be; its texts follow it.
  std::vector<std::max_align_t> memory(size / sizeof(std::max_align_t) + 1);
  if (!crypt32.GetProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, memory.data(), &size)) {
    return std::nullopt;
  }
  const auto& info = *reinterpret_cast<const CRYPT_KEY_PROV_INFO*>(memory.data());
  const std::optional<CardKeys::Provider> provider = ProviderOf(info);
  if (!provider) return std::nullopt;
  return KeyLink{*provider, ContainerOf(info), info.dwKeySpec};
}

void WriteKeyLink(PCCERT_CONTEXT certificate, const KeyLink& link) {
  const bool is_csp = link.provider == CardKeys::Provider::kCsp;
  std::wstring container = link.container;
  std::wstring provider = is_csp ? MS_SCARD_PROV_W : MS_SMART_CARD_KEY_STORAGE_PROVIDER;
  CRYPT_KEY_PROV_INFO info = {};
  info.pwszContainerName = container.data();
  info.pwszProvName = provider.data();
  info.dwProvType = is_csp ? PROV_RSA_FULL : kCngType;
  // As certreq writes it: with CNG the key itself says what it is for.
  info.dwKeySpec = is_csp ? link.key_spec : 0;
  if (!Crypt32Library::Get().SetProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, 0, &info)) {
    throw LastError("set the certificate's link to its key");
  }
}

}  // namespace vsc
