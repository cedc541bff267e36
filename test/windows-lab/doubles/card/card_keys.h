#pragma once

#include <optional>

#include "card/card_files.h"
#include "card/key_type.h"

namespace lab {

/** A container with its key. */
struct CardKey {
  size_t index;
  std::wstring container;
  bool isDefault;
  bool isKeyExchange;
  KeyType type;
};

/** A public key: modulus and exponent, or the point x ‖ y. */
struct PublicKeyParts {
  Bytes modulus;
  Bytes exponent;
  Bytes point;
};

/** The card's containers and keys, as the smart card CSP and KSP see them. */
class CardKeys {
 public:
  explicit CardKeys(CardEdge& edge) : edge_(edge), files_(edge) {}

  CardFiles& files() { return files_; }
  std::vector<CardKey> List();
  /** An empty name means the default container. */
  std::optional<CardKey> Find(const std::wstring& container);
  /** Throws StatusError: NTE_EXISTS, NTE_TOKEN_KEYSET_STORAGE_FULL, NTE_NOT_SUPPORTED. Needs a PIN.
   */
  CardKey Create(const std::wstring& container, const KeyType& type, bool isKeyExchange);
  void Delete(const CardKey& key);

  PublicKeyParts ReadPublicKey(const CardKey& key);
  /** The card pads PKCS#1; `raw` leaves the block as it is. ECDSA keys take a digest. */
  Bytes Sign(const CardKey& key, const Bytes& input, bool raw);
  Bytes Decrypt(const CardKey& key, const Bytes& ciphertext, bool raw);

 private:
  /** The key file and the key in it, or neither. NTE_NOT_SUPPORTED for what the card cannot make.
   */
  void MakeKey(uint8_t reference, const KeyType& type);

  CardEdge& edge_;
  CardFiles files_;
};

}  // namespace lab
