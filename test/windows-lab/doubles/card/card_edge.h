#pragma once

#include <functional>
#include <optional>

#include "card/status_word.h"
#include "common/bytes.h"

namespace lab {

/** Tries of a PIN or PUK. */
struct Tries {
  uint32_t left;
  uint32_t max;
};

/** The PIN (7F71) or the PUK (7F73) by its data object. */
enum class Credential : uint16_t { kPin = 0x7F71, kPuk = 0x7F73 };

/**
 * The commands of a GIDS card, one function each, over anything that transmits an APDU. All throw
 * CardError for a status word that is not 9000.
 */
class CardEdge {
 public:
  using Transmit = std::function<Bytes(const Bytes& command)>;
  explicit CardEdge(Transmit transmit) : transmit_(std::move(transmit)) {}

  void SelectApplet();
  void SelectFile(uint16_t file);

  void VerifyPin(const Bytes& pin);
  void Logout();
  void ChangePin(const Bytes& oldPin, const Bytes& newPin);
  void ResetPinByPuk(const Bytes& puk, const Bytes& newPin);
  /** After admin authentication. */
  void ResetPin(const Bytes& newPin);
  std::optional<Tries> ReadTries(Credential credential);

  /** External authentication with the admin key: 8 bytes each way. */
  Bytes AdminChallenge();
  void AnswerAdminChallenge(const Bytes& response);
  /** 24 bytes, after admin authentication. */
  void SetAdminKey(const Bytes& key, const Bytes& keyCheckValue);

  /** The value of a data object in a file; nothing when file or object is missing. */
  std::optional<Bytes> ReadObject(uint16_t file, uint16_t object);
  void WriteObject(uint16_t file, uint16_t object, const Bytes& value);

  void CreateKeyFile(uint8_t keyReference, uint8_t algorithm);
  void DeleteKeyFile(uint8_t keyReference);
  void Generate(uint8_t keyReference, uint8_t algorithm);
  /** The content of the public key's DO 7F49. */
  Bytes ReadPublicKey(uint8_t keyReference);
  /** `algorithm` with the bits of the padding in it. */
  Bytes Sign(uint8_t keyReference, uint8_t algorithm, const Bytes& input);
  Bytes Decrypt(uint8_t keyReference, uint8_t algorithm, const Bytes& input);

 private:
  /** Sends header and data, chained where they are too long, and collects the whole answer. */
  Bytes Send(uint8_t instruction, uint16_t parameters, Bytes data = {}, bool wantsAnswer = false);
  Bytes SendOnce(Bytes command);

  Transmit transmit_;
};

}  // namespace lab
