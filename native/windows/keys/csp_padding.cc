#include "windows/keys/csp_padding.h"

#include "node/native_error.h"

namespace vsc {

namespace {

struct CspHash {
  const wchar_t* name;
  ALG_ID algorithm;
};

constexpr CspHash kHashes[] = {{L"SHA1", CALG_SHA1},
                               {L"SHA256", CALG_SHA_256},
                               {L"SHA384", CALG_SHA_384},
                               {L"SHA512", CALG_SHA_512}};

}  // namespace

ALG_ID CspHashAlgorithm(const KeyScheme& scheme) {
  if (scheme.padding != KeyPadding::kPkcs1) {
    throw NativeError("INVALID_ARGUMENT", "padding must be pkcs1 for the CSP");
  }
  for (const CspHash& each : kHashes) {
    if (scheme.hash == each.name) return each.algorithm;
  }
  throw NativeError("INVALID_ARGUMENT", "hashName must be SHA1, SHA256, SHA384 or SHA512");
}

DWORD CspDecryptFlags(const KeyScheme& scheme) {
  if (scheme.padding == KeyPadding::kPkcs1) return 0;
  if (scheme.padding == KeyPadding::kOaep && scheme.hash == L"SHA1") return CRYPT_OAEP;
  throw NativeError("INVALID_ARGUMENT", "padding must be pkcs1, or oaep with SHA1, for the CSP");
}

}  // namespace vsc
