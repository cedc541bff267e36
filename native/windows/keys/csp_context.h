#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "windows/keys/crypt_handles.h"
#include "windows/system/hresult_error.h"

namespace vsc {

/** Of one of CryptoAPI's functions: S_OK, or why it failed. */
HRESULT CryptOutcome(BOOL done) noexcept;

/**
 * Opens a silent context of the "Microsoft Base Smart Card Crypto Provider": S_OK, or what
 * CryptoAPI says. An empty container opens the card for what needs none. `flags` are
 * CryptAcquireContext's.
 */
HRESULT AcquireCsp(CryptProvider& context, const std::wstring& reader,
                   const std::wstring& container, DWORD flags) noexcept;

/** The same, of a card that may have no container yet: for its PIN. */
HRESULT AcquireCardOfCsp(CryptProvider& context, const std::wstring& reader) noexcept;

/** Deletes a container with what is in it: S_OK, or what CryptoAPI says. */
HRESULT DeleteCspContainer(const std::wstring& reader, const std::wstring& container) noexcept;

/** The key pair of a container. */
struct CspKeyPair {
  CryptKey key;
  /** AT_KEYEXCHANGE, AT_SIGNATURE. */
  DWORD spec = 0;
};

/** The one for key exchange where there are both. S_OK, NTE_NO_KEY, or what else CryptoAPI says. */
HRESULT GetCspKeyPair(CspKeyPair& pair, const CryptProvider& container) noexcept;

/** CryptoAPI takes names in the system's code page: whether it has all characters of this one. */
bool IsCspName(const std::wstring& name);

/** The data that `read(BYTE* data, DWORD* size)` gives, one of CryptoAPI's functions. */
template <typename Function>
std::vector<std::uint8_t> ReadCspData(Function read, const std::string& action) {
  // Enough for nearly everything: asking for the size first would be a second question to the card.
  std::vector<std::uint8_t> data(4096);
  auto size = static_cast<DWORD>(data.size());
  if (!read(data.data(), &size)) {
    if (GetLastError() != ERROR_MORE_DATA) throw LastError(action);
    data.resize(size);
    if (!read(data.data(), &size)) throw LastError(action);
  }
  data.resize(size);
  return data;
}

}  // namespace vsc
