#pragma once

#include <windows.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/secret_buffer.h"

namespace vsc {

/** A key that a provider lists. */
struct ListedKey {
  std::wstring container;
  /** AT_KEYEXCHANGE, AT_SIGNATURE, or 0 when the provider does not say. */
  DWORD key_spec = 0;
};

/** What a new key is to be. */
struct NewKey {
  std::wstring container;
  /** CNG's name: RSA, ECDSA_P256, ECDSA_P384. */
  std::wstring algorithm;
  /** Of RSA; the name says it of the others. */
  DWORD bits = 0;
  DWORD key_spec = 0;
};

/** How a hash is signed or a ciphertext was made. */
enum class KeyPadding { kNone, kPkcs1, kPss, kOaep };

struct KeyScheme {
  KeyPadding padding = KeyPadding::kNone;
  /** CNG's name: SHA1, SHA256, SHA384, SHA512; empty where there is none. */
  std::wstring hash;
};

/**
 * The keys of the card in one reader, through one of Windows' providers; silent, so that no dialog
 * appears. A PIN is in the provider's cache only while it is used. Each function may take as long
 * as the card does. All throw NativeError.
 */
class CardKeys {
 public:
  enum class Provider { kKsp, kCsp };

  /** Opens the provider. */
  static std::unique_ptr<CardKeys> Open(Provider provider, const std::wstring& reader);

  CardKeys() = default;
  virtual ~CardKeys() = default;

  CardKeys(const CardKeys&) = delete;
  CardKeys& operator=(const CardKeys&) = delete;

  virtual std::vector<ListedKey> List() = 0;
  virtual void Create(const NewKey& key, const SecretBuffer& pin) = 0;
  /** BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB of the KSP, PUBLICKEYBLOB of the CSP. */
  virtual std::vector<std::uint8_t> PublicKey(const std::wstring& container) = 0;
  /** RSA: big-endian, as long as the modulus. ECDSA: r, then s. */
  virtual std::vector<std::uint8_t> Sign(const std::wstring& container, const KeyScheme& scheme,
                                         const std::vector<std::uint8_t>& hash,
                                         const SecretBuffer& pin) = 0;
  virtual SecretBuffer Decrypt(const std::wstring& container, const KeyScheme& scheme,
                               const std::vector<std::uint8_t>& ciphertext,
                               const SecretBuffer& pin) = 0;
  /** DER; nothing where the key has no certificate. */
  virtual std::optional<std::vector<std::uint8_t>> Certificate(const std::wstring& container) = 0;
  virtual void SetCertificate(const std::wstring& container,
                              const std::vector<std::uint8_t>& certificate,
                              const SecretBuffer& pin) = 0;
  /** With the certificate and the container. */
  virtual void Delete(const std::wstring& container, const SecretBuffer& pin) = 0;

  /** What Windows said when the provider was to forget a PIN and did not; else S_OK. */
  HRESULT pin_left() const { return pin_left_; }

 protected:
  HRESULT pin_left_ = S_OK;
};

}  // namespace vsc
