#pragma once

#include "windows/keys/card_keys.h"
#include "windows/keys/ncrypt_library.h"

namespace vsc {

/** A scheme as ncrypt.dll takes it: a flag, and a structure that goes with it. */
class KspPadding {
 public:
  /** PSS has a salt as long as the hash. */
  KspPadding(const KeyScheme& scheme, std::size_t hash_size);

  KspPadding(const KspPadding&) = delete;
  KspPadding& operator=(const KspPadding&) = delete;

  DWORD flag() const;
  /** NULL where the flag says it all. */
  void* info();

 private:
  const KeyScheme scheme_;
  BCRYPT_PKCS1_PADDING_INFO pkcs1_ = {};
  BCRYPT_PSS_PADDING_INFO pss_ = {};
  /** With an empty label. */
  BCRYPT_OAEP_PADDING_INFO oaep_ = {};
};

}  // namespace vsc
