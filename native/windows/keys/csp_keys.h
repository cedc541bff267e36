#pragma once

#include "windows/keys/card_keys.h"

namespace vsc {

/** Keys through CryptoAPI's "Microsoft Base Smart Card Crypto Provider": RSA only. */
class CspKeys final : public CardKeys {
 public:
  explicit CspKeys(const std::wstring& reader);

  std::vector<ListedKey> List() override;
  void Create(const NewKey& key, const SecretBuffer& pin) override;
  std::vector<std::uint8_t> PublicKey(const std::wstring& container) override;
  std::vector<std::uint8_t> Sign(const std::wstring& container, const KeyScheme& scheme,
                                 const std::vector<std::uint8_t>& hash,
                                 const SecretBuffer& pin) override;
  SecretBuffer Decrypt(const std::wstring& container, const KeyScheme& scheme,
                       const std::vector<std::uint8_t>& ciphertext,
                       const SecretBuffer& pin) override;
  std::optional<std::vector<std::uint8_t>> Certificate(const std::wstring& container) override;
  void SetCertificate(const std::wstring& container, const std::vector<std::uint8_t>& certificate,
                      const SecretBuffer& pin) override;
  void Delete(const std::wstring& container, const SecretBuffer& pin) override;
};

}  // namespace vsc
