#pragma once

#include "windows/keys/card_keys.h"
#include "windows/keys/ncrypt_handle.h"

namespace vsc {

/**
 * Keys through CNG's "Microsoft Smart Card Key Storage Provider". A key is opened before its PIN is
 * given: one that is not there costs no try.
 */
class KspKeys final : public CardKeys {
 public:
  explicit KspKeys(const std::wstring& reader);

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

 private:
  NcryptKey Open(const std::wstring& container) const;
  /** "sign with the key C on the card in the reader R" */
  std::string Action(const char* verb, const std::wstring& container) const;

  const std::wstring reader_;
  NcryptProvider provider_;
};

}  // namespace vsc
