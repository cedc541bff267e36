#pragma once

#include "windows/keys/card_keys.h"
#include "windows/keys/csp_context.h"

namespace vsc {

/**
 * Keys through CryptoAPI's "Microsoft Base Smart Card Crypto Provider": RSA only, PKCS #1 v1.5, and
 * OAEP with SHA-1. A container is opened before its PIN is given: one that is not there costs no
 * try.
 */
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

 private:
  /** A container with its key pair. */
  struct Opened {
    CryptProvider context;
    CspKeyPair pair;
  };

  CryptProvider OpenContainer(const std::wstring& container) const;
  Opened Open(const std::wstring& container) const;
  /** Takes back a container that has got no key. */
  void DeleteIfEmpty(const std::wstring& container) const noexcept;
  /** "sign with the key C on the card in the reader R" */
  std::string Action(const char* verb, const std::wstring& container) const;

  const std::wstring reader_;
};

}  // namespace vsc
