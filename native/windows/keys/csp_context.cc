#include "windows/keys/csp_context.h"

#include "windows/keys/container_name.h"

namespace vsc {

namespace {

HRESULT Acquire(HCRYPTPROV* context, const std::wstring& reader, const std::wstring& container,
                DWORD flags) noexcept {
  return CryptOutcome(CryptAcquireContextW(context, FullContainerName(reader, container).c_str(),
                                           MS_SCARD_PROV_W, PROV_RSA_FULL, flags | CRYPT_SILENT));
}

}  // namespace

HRESULT CryptOutcome(BOOL done) noexcept {
  return done ? S_OK : LastResult();
}

HRESULT AcquireCsp(CryptProvider& context, const std::wstring& reader,
                   const std::wstring& container, DWORD flags) noexcept {
  return Acquire(context.Receive(), reader, container, flags);
}

HRESULT AcquireCardOfCsp(CryptProvider& context, const std::wstring& reader) noexcept {
  return Acquire(context.Receive(), reader, L"", CRYPT_DEFAULT_CONTAINER_OPTIONAL);
}

HRESULT DeleteCspContainer(const std::wstring& reader, const std::wstring& container) noexcept {
  // What comes back is no context, even when it is not 0.
  HCRYPTPROV none = 0;
  return Acquire(&none, reader, container, CRYPT_DELETEKEYSET);
}

HRESULT GetCspKeyPair(CspKeyPair& pair, const CryptProvider& container) noexcept {
  for (const DWORD spec : {AT_KEYEXCHANGE, AT_SIGNATURE}) {
    const HRESULT result = CryptOutcome(CryptGetUserKey(container.get(), spec, pair.key.Receive()));
    pair.spec = spec;
    if (result != NTE_NO_KEY) return result;
  }
  return NTE_NO_KEY;
}

bool IsCspName(const std::wstring& name) {
  if (name.empty()) return true;
  const int units = static_cast<int>(name.size());
  const int size = WideCharToMultiByte(CP_ACP, 0, name.data(), units, nullptr, 0, nullptr, nullptr);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_ACP, 0, name.data(), units, bytes.data(), size, nullptr, nullptr);
  std::wstring back(name.size(), L'\0');
  const int length = MultiByteToWideChar(CP_ACP, 0, bytes.data(), size, back.data(), units);
  return length == units && back == name;
}

}  // namespace vsc
