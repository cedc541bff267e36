#pragma once

#include <windows.h>
// Needs what windows.h declares.
#include <wincrypt.h>

#include "node/unique_handle.h"

namespace vsc {

struct CryptProviderTraits {
  using Type = HCRYPTPROV;
  static Type None() { return 0; }
  static void Close(Type context) noexcept { CryptReleaseContext(context, 0); }
};

struct CryptKeyTraits {
  using Type = HCRYPTKEY;
  static Type None() { return 0; }
  static void Close(Type key) noexcept { CryptDestroyKey(key); }
};

struct CryptHashTraits {
  using Type = HCRYPTHASH;
  static Type None() { return 0; }
  static void Close(Type hash) noexcept { CryptDestroyHash(hash); }
};

/** CryptoAPI's context of a provider; its keys and hashes go before it. */
using CryptProvider = UniqueHandle<CryptProviderTraits>;
using CryptKey = UniqueHandle<CryptKeyTraits>;
using CryptHash = UniqueHandle<CryptHashTraits>;

}  // namespace vsc
