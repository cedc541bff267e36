#include "card/key_type.h"

namespace lab {
namespace {

const KeyType kKeyTypes[] = {
    {L"RSA", 1024, 0x06}, {L"RSA", 2048, 0x07},       {L"RSA", 3072, 0x08},
    {L"RSA", 4096, 0x09}, {L"ECDSA_P256", 256, 0x0C}, {L"ECDSA_P384", 384, 0x0D},
};

}  // namespace

std::optional<KeyType> FindKeyType(const std::wstring& algorithm, uint32_t bits) {
  for (const KeyType& type : kKeyTypes) {
    if (type.algorithm == algorithm && type.bits == bits) return type;
  }
  return std::nullopt;
}

std::optional<KeyType> FindKeyType(uint8_t id) {
  for (const KeyType& type : kKeyTypes) {
    if (type.id == id) return type;
  }
  return std::nullopt;
}

bool IsKeyAlgorithm(const std::wstring& algorithm) {
  for (const KeyType& type : kKeyTypes) {
    if (type.algorithm == algorithm) return true;
  }
  return false;
}

}  // namespace lab
