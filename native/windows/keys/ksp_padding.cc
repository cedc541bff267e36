#include "windows/keys/ksp_padding.h"

namespace vsc {

KspPadding::KspPadding(const KeyScheme& scheme, std::size_t hash_size) : scheme_(scheme) {
  pkcs1_.pszAlgId = scheme_.hash.c_str();
  pss_.pszAlgId = scheme_.hash.c_str();
  pss_.cbSalt = static_cast<ULONG>(hash_size);
  oaep_.pszAlgId = scheme_.hash.c_str();
}

DWORD KspPadding::flag() const {
  switch (scheme_.padding) {
    case KeyPadding::kPkcs1:
      return NCRYPT_PAD_PKCS1_FLAG;
    case KeyPadding::kPss:
      return NCRYPT_PAD_PSS_FLAG;
    case KeyPadding::kOaep:
      return NCRYPT_PAD_OAEP_FLAG;
    case KeyPadding::kNone:
      break;
  }
  return 0;
}

void* KspPadding::info() {
  switch (scheme_.padding) {
    case KeyPadding::kPkcs1:
      // A decryption has no hash, and nothing to say about its padding.
      return scheme_.hash.empty() ? nullptr : &pkcs1_;
    case KeyPadding::kPss:
      return &pss_;
    case KeyPadding::kOaep:
      return &oaep_;
    case KeyPadding::kNone:
      break;
  }
  return nullptr;
}

}  // namespace vsc
