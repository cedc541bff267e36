#pragma once

#include <string>

#include "node/secret_buffer.h"
#include "windows/keys/ncrypt_handle.h"

namespace vsc {

/**
 * A PIN in the provider's cache, which is one for the process and the card: from Give until this
 * goes. Without a PIN in the cache nothing in the process can use the card's keys silently, which
 * is why it does not stay.
 */
class KspPin {
 public:
  /**
   * `keeper` is the key by which the PIN is dropped again; it has to be there still when this goes.
   * `left` is told when the provider keeps the PIN all the same.
   */
  KspPin(const NcryptKey& keeper, const std::wstring& reader, HRESULT& left)
      : keeper_(keeper), reader_(reader), left_(left) {}
  ~KspPin();

  KspPin(const KspPin&) = delete;
  KspPin& operator=(const KspPin&) = delete;

  /** Gives the PIN for `key`. Throws NativeError. */
  void Give(const NcryptKey& key, const SecretBuffer& pin);

 private:
  HRESULT DropByProvider() noexcept;

  const NcryptKey& keeper_;
  const std::wstring& reader_;
  HRESULT& left_;
};

/** Opens the smart card provider; `S_OK` or what ncrypt.dll says. */
HRESULT OpenSmartCardProvider(NcryptProvider& provider) noexcept;

}  // namespace vsc
