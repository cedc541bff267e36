#include "card/card_keys.h"

#include <windows.h>
#include <winscard.h>

#include <algorithm>

#include "card/tlv.h"
#include "common/status_error.h"

namespace lab {
namespace {

/** As many containers as a TPM virtual smart card has. */
constexpr size_t kMostContainers = 30;
constexpr uint8_t kFirstKeyReference = 0x81;
/** The card's word for an algorithm that it does not have. */
constexpr uint16_t kFunctionNotSupported = 0x6A81;
constexpr uint8_t kPadPkcs1Sign = 0x50;
constexpr uint8_t kRawSign = 0x10;
constexpr uint8_t kPadPkcs1Decrypt = 0x40;

uint8_t Reference(size_t index) {
  return static_cast<uint8_t>(kFirstKeyReference + index);
}

}  // namespace

std::vector<CardKey> CardKeys::List() {
  std::vector<CardKey> keys;
  const std::vector<Container> containers = files_.ReadContainers();
  const std::vector<std::optional<KeyMapEntry>> keyMap = files_.ReadKeyMap();
  for (size_t index = 0; index < std::min(containers.size(), keyMap.size()); index++) {
    const Container& container = containers[index];
    if (!container.isValid || !keyMap[index]) continue;
    const std::optional<KeyType> type = FindKeyType(keyMap[index]->algorithm);
    if (!type) continue;
    const bool isKeyExchange = container.keyExchangeBits != 0;
    keys.push_back({index, container.name, container.isDefault, isKeyExchange, *type});
  }
  return keys;
}

std::optional<CardKey> CardKeys::Find(const std::wstring& container) {
  for (const CardKey& key : List()) {
    if (container.empty() ? key.isDefault : key.container == container) return key;
  }
  return std::nullopt;
}

CardKey CardKeys::Create(const std::wstring& container, const KeyType& type, bool isKeyExchange) {
  std::vector<Container> containers = files_.ReadContainers();
  bool isFirst = true;
  size_t index = containers.size();
  for (size_t i = containers.size(); i-- > 0;) {
    if (!containers[i].isValid) {
      index = i;
      continue;
    }
    isFirst = false;
    Require(containers[i].name != container, static_cast<uint32_t>(NTE_EXISTS));
  }
  Require(index < kMostContainers, static_cast<uint32_t>(NTE_TOKEN_KEYSET_STORAGE_FULL));
  MakeKey(Reference(index), type);
  files_.WriteKeyMapEntry(index, KeyMapEntry{type.id, isKeyExchange});
  containers.resize(std::max(containers.size(), index + 1));
  const uint16_t bits = static_cast<uint16_t>(type.bits);
  containers[index] = {container, true, isFirst, isKeyExchange ? uint16_t{0} : bits,
                       isKeyExchange ? bits : uint16_t{0}};
  files_.WriteContainers(containers);
  return {index, container, isFirst, isKeyExchange, type};
}

void CardKeys::MakeKey(uint8_t reference, const KeyType& type) {
  try {
    edge_.CreateKeyFile(reference, type.id);
  } catch (const CardError& error) {
    Require(error.statusWord() != kFunctionNotSupported, static_cast<uint32_t>(NTE_NOT_SUPPORTED));
    throw;
  }
  try {
    edge_.Generate(reference, type.id);
  } catch (const CardError&) {
    edge_.DeleteKeyFile(reference);
    throw;
  }
}

void CardKeys::Delete(const CardKey& key) {
  std::vector<Container> containers = files_.ReadContainers();
  Require(key.index < containers.size(), static_cast<uint32_t>(NTE_BAD_KEYSET));
  containers[key.index] = {};
  if (key.isDefault) {
    const auto next = std::find_if(containers.begin(), containers.end(),
                                   [](const Container& each) { return each.isValid; });
    if (next != containers.end()) next->isDefault = true;
  }
  files_.WriteContainers(containers);
  files_.DeleteCertificate(key.index, key.isKeyExchange);
  files_.WriteKeyMapEntry(key.index, std::nullopt);
  edge_.DeleteKeyFile(Reference(key.index));
}

PublicKeyParts CardKeys::ReadPublicKey(const CardKey& key) {
  const Bytes content = edge_.ReadPublicKey(Reference(key.index));
  PublicKeyParts parts;
  if (key.type.isRsa()) {
    parts.modulus = FindTlv(content, 0x81).value_or(Bytes());
    parts.exponent = FindTlv(content, 0x82).value_or(Bytes());
    Require(parts.modulus.size() == key.type.bits / 8 && !parts.exponent.empty(),
            static_cast<uint32_t>(SCARD_E_UNEXPECTED));
    return parts;
  }
  const Bytes point = FindTlv(content, 0x86).value_or(Bytes());
  Require(point.size() == 1 + key.type.bits / 4 && point.front() == 0x04,
          static_cast<uint32_t>(SCARD_E_UNEXPECTED));
  parts.point.assign(point.begin() + 1, point.end());
  return parts;
}

Bytes CardKeys::Sign(const CardKey& key, const Bytes& input, bool raw) {
  const uint8_t padding = !key.type.isRsa() ? 0 : raw ? kRawSign : kPadPkcs1Sign;
  return edge_.Sign(Reference(key.index), key.type.id | padding, input);
}

Bytes CardKeys::Decrypt(const CardKey& key, const Bytes& ciphertext, bool raw) {
  const uint8_t padding = raw ? 0 : kPadPkcs1Decrypt;
  return edge_.Decrypt(Reference(key.index), key.type.id | padding, ciphertext);
}

}  // namespace lab
