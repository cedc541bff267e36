#include "card/card_edge.h"

#include "card/tlv.h"

namespace lab {
namespace {

constexpr uint8_t kChained = 0x10;
constexpr size_t kLongestShortData = 255;
/** File of data objects that belong to no other. */
constexpr uint16_t kWholeCard = 0x3FFF;
constexpr uint8_t kAdminKeyReference = 0x80;
constexpr uint8_t kKeyFilePage = 0xB0;
constexpr uint16_t kSignTemplate = 0x41B6;
constexpr uint16_t kDecryptTemplate = 0x41B8;

Bytes BigEndian(uint16_t value) {
  return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

/** What the key may do, with each padding: B8 decrypt, B6 sign. */
Bytes KeyUsage(uint8_t keyReference, uint8_t algorithm) {
  const struct {
    uint32_t tag;
    uint8_t padding;
  } kUses[] = {{0xB8, 0x00}, {0xB8, 0x40}, {0xB8, 0x80}, {0xB6, 0x10}, {0xB6, 0x50}};
  Bytes usage;
  for (const auto& [tag, padding] : kUses) {
    const uint8_t id = algorithm | padding;
    usage = usage + Tlv(tag, Tlv(0x80, {id}) + Tlv(0x83, {keyReference}) + Tlv(0x95, {0x40}));
  }
  return usage;
}

}  // namespace

void CardEdge::SelectApplet() {
  Send(0xA4, 0x0400, {0xA0, 0x00, 0x00, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59}, true);
}

void CardEdge::SelectFile(uint16_t file) {
  Send(0xA4, 0x000C, BigEndian(file));
}

void CardEdge::VerifyPin(const Bytes& pin) {
  Send(0x20, 0x0080, pin);
}
void CardEdge::Logout() {
  Send(0x20, 0x0082);
}

void CardEdge::ChangePin(const Bytes& oldPin, const Bytes& newPin) {
  Send(0x24, 0x0080, oldPin + newPin);
}

void CardEdge::ResetPinByPuk(const Bytes& puk, const Bytes& newPin) {
  Send(0x2C, 0x0080, puk + newPin);
}

void CardEdge::ResetPin(const Bytes& newPin) {
  Send(0x2C, 0x0280, newPin);
}

std::optional<Tries> CardEdge::ReadTries(Credential credential) {
  const std::optional<Bytes> value = ReadObject(kWholeCard, static_cast<uint16_t>(credential));
  if (!value) return std::nullopt;
  const std::optional<Bytes> left = FindTlv(*value, 0x97);
  const std::optional<Bytes> max = FindTlv(*value, 0x93);
  if (!left || left->size() != 1 || !max || max->size() != 1) throw CardError(0x6F00);
  return Tries{left->front(), max->front()};
}

Bytes CardEdge::AdminChallenge() {
  Send(0x22, 0xC1A4, Tlv(0x83, {kAdminKeyReference}));
  const Bytes answer = Send(0x87, 0x0000, Tlv(0x7C, Tlv(0x81, {})), true);
  const std::optional<Bytes> outer = FindTlv(answer, 0x7C);
  const std::optional<Bytes> challenge = outer ? FindTlv(*outer, 0x81) : std::nullopt;
  if (!challenge || challenge->size() != 8) throw CardError(0x6F00);
  return *challenge;
}

void CardEdge::AnswerAdminChallenge(const Bytes& response) {
  Send(0x87, 0x0000, Tlv(0x7C, Tlv(0x82, response)), true);
}

void CardEdge::SetAdminKey(const Bytes& key, const Bytes& keyCheckValue) {
  const Bytes secret = Tlv(0xA5, Tlv(0x87, key) + Tlv(0x88, keyCheckValue));
  Send(0xDB, kWholeCard, Tlv(0x70, Tlv(0x84, {kAdminKeyReference}) + secret));
}

std::optional<Bytes> CardEdge::ReadObject(uint16_t file, uint16_t object) {
  try {
    return FindTlv(Send(0xCB, file, Tlv(0x5C, BigEndian(object)), true), object);
  } catch (const CardError& error) {
    if (error.statusWord() != 0x6A88 && error.statusWord() != 0x6A82) throw;
    return std::nullopt;
  }
}

void CardEdge::WriteObject(uint16_t file, uint16_t object, const Bytes& value) {
  Send(0xDB, file, Tlv(object, value));
}

void CardEdge::CreateKeyFile(uint8_t keyReference, uint8_t algorithm) {
  const Bytes access = {0x8F, 0x10, 0x10, 0x10, 0x00};
  const Bytes content = Tlv(0x82, {0x18}) + Tlv(0x83, {kKeyFilePage, keyReference}) +
                        Tlv(0x8C, access) + Tlv(0xA5, KeyUsage(keyReference, algorithm));
  Send(0xE0, 0x0000, Tlv(0x62, content));
  Send(0x44, 0x0000);
}

void CardEdge::DeleteKeyFile(uint8_t keyReference) {
  SelectFile(static_cast<uint16_t>(kKeyFilePage << 8 | keyReference));
  Send(0xE4, 0x0000);
}

void CardEdge::Generate(uint8_t keyReference, uint8_t algorithm) {
  Send(0x47, 0x0000, Tlv(0xAC, Tlv(0x80, {algorithm}) + Tlv(0x83, {keyReference})), true);
}

Bytes CardEdge::ReadPublicKey(uint8_t keyReference) {
  // An extended header list: the tag of the wanted object with 80 in place of its length.
  const Bytes wanted = Tlv(0xA5, {0x7F, 0x49, 0x80});
  const Bytes answer = Send(0xCB, kWholeCard, Tlv(0x70, Tlv(0x84, {keyReference}) + wanted), true);
  const std::optional<Bytes> key = FindTlv(answer, 0x7F49);
  if (!key) throw CardError(0x6F00);
  return *key;
}

Bytes CardEdge::Sign(uint8_t keyReference, uint8_t algorithm, const Bytes& input) {
  Send(0x22, kSignTemplate, Tlv(0x80, {algorithm}) + Tlv(0x84, {keyReference}));
  return Send(0x2A, 0x9E9A, input, true);
}

Bytes CardEdge::Decrypt(uint8_t keyReference, uint8_t algorithm, const Bytes& input) {
  Send(0x22, kDecryptTemplate, Tlv(0x80, {algorithm}) + Tlv(0x84, {keyReference}));
  return Send(0x2A, 0x8086, input, true);
}

Bytes CardEdge::Send(uint8_t instruction, uint16_t parameters, Bytes data, bool wantsAnswer) {
  const uint8_t p1 = static_cast<uint8_t>(parameters >> 8);
  const uint8_t p2 = static_cast<uint8_t>(parameters);
  size_t sent = 0;
  while (data.size() - sent > kLongestShortData) {
    const auto start = data.begin() + sent;
    const Bytes head = {kChained, instruction, p1, p2, kLongestShortData};
    SendOnce(head + Bytes(start, start + kLongestShortData));
    sent += kLongestShortData;
  }
  Bytes command = {0x00, instruction, p1, p2};
  if (data.size() > sent) {
    command.push_back(static_cast<uint8_t>(data.size() - sent));
    command.insert(command.end(), data.begin() + sent, data.end());
  }
  if (wantsAnswer) command.push_back(0);
  Wipe(data);
  return SendOnce(std::move(command));
}

Bytes CardEdge::SendOnce(Bytes command) {
  Bytes collected;
  for (;;) {
    Bytes answer = transmit_(command);
    Wipe(command);
    if (answer.size() < 2) throw CardError(0x6F00);
    const uint8_t sw1 = answer[answer.size() - 2];
    const uint8_t sw2 = answer[answer.size() - 1];
    collected.insert(collected.end(), answer.begin(), answer.end() - 2);
    if (sw1 == 0x90 && sw2 == 0x00) return collected;
    if (sw1 != 0x61) throw CardError(static_cast<uint16_t>(sw1 << 8 | sw2));
    command = {0x00, 0xC0, 0x00, 0x00, sw2};
  }
}

}  // namespace lab
