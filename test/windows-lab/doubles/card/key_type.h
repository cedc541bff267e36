#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lab {

/** A kind of key that GIDS has an algorithm id for. */
struct KeyType {
  /** CNG's algorithm: RSA, ECDSA_P256 or ECDSA_P384. */
  std::wstring algorithm;
  uint32_t bits;
  /** The card's algorithm id, without padding bits. */
  uint8_t id;

  bool isRsa() const { return algorithm == L"RSA"; }
  /** Length of a signature: the modulus, or r and s. */
  uint32_t SignatureLength() const { return isRsa() ? bits / 8 : bits / 4; }
};

/** By algorithm and length; an ECDSA algorithm has only one length. */
std::optional<KeyType> FindKeyType(const std::wstring& algorithm, uint32_t bits);
std::optional<KeyType> FindKeyType(uint8_t id);
/** Whether CNG's algorithm name is one of a smart card key here. */
bool IsKeyAlgorithm(const std::wstring& algorithm);

}  // namespace lab
