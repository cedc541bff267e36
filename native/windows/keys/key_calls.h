#pragma once

#include <functional>
#include <utility>

#include "node/calls/system_call.h"
#include "windows/keys/card_keys.h"
#include "windows/keys/key_arguments.h"

namespace vsc {

/**
 * A call about the keys of one card. With a PIN it takes its turn with the card's other ones. A PIN
 * that the provider keeps is told by the event `pinLeft`, whose value is what Windows said, and by
 * the error of a call that fails.
 */
class CardKeysCall : public SystemCall {
 public:
  /** Ends one that waits for its turn. */
  void Cancel() noexcept override;
  void End() noexcept override { pin_.Clear(); }

 protected:
  /** `pin` is empty for what needs none. */
  CardKeysCall(CardAddress card, SecretBuffer pin) : card_(std::move(card)), pin_(std::move(pin)) {}

  /** Opens the provider and does the work. `stops`: whether it still can be cancelled. */
  void Use(CallLine& line, bool stops, const std::function<void(CardKeys& keys)>& work);

  const SecretBuffer& pin() const { return pin_; }

 private:
  const CardAddress card_;
  SecretBuffer pin_;
};

/**
 * Makes a key. One that nobody waits for any more is deleted again; if that fails, the event
 * `lateKeyLeft` has its container.
 */
class CreateKeyCall final : public CardKeysCall {
 public:
  CreateKeyCall(CardAddress card, NewKey key, SecretBuffer pin)
      : CardKeysCall(std::move(card), std::move(pin)), key_(std::move(key)) {}

  void Work(CallLine& line) override;
  void TakeBack(CallLine& line) noexcept override;

 private:
  void Undo(CallLine& line, CardKeys& keys);
  void TellLeft(CallLine& line) noexcept;

  const NewKey key_;
  bool made_ = false;
};

/** Something done with a key that brings nothing but its success. */
class KeyActionCall final : public CardKeysCall {
 public:
  using Action = std::function<void(CardKeys& keys, const SecretBuffer& pin)>;

  KeyActionCall(CardAddress card, SecretBuffer pin, Action action)
      : CardKeysCall(std::move(card), std::move(pin)), action_(std::move(action)) {}

  void Work(CallLine& line) override;

 private:
  const Action action_;
};

Napi::Value ToValue(Napi::Env env, const std::vector<ListedKey>& keys);
Napi::Value ToValue(Napi::Env env, const std::vector<std::uint8_t>& bytes);
Napi::Value ToValue(Napi::Env env, const std::optional<std::vector<std::uint8_t>>& bytes);
Napi::Value ToValue(Napi::Env env, const SecretBuffer& bytes);

/** Something asked of a key, or of all. */
template <typename Answer>
class KeyQuestionCall final : public CardKeysCall {
 public:
  using Question = std::function<Answer(CardKeys& keys, const SecretBuffer& pin)>;

  KeyQuestionCall(CardAddress card, SecretBuffer pin, Question question)
      : CardKeysCall(std::move(card), std::move(pin)), question_(std::move(question)) {}

  void Work(CallLine& line) override {
    Use(line, true, [this](CardKeys& keys) { answer_ = question_(keys, pin()); });
  }
  Napi::Value Result(Napi::Env env) override { return ToValue(env, answer_); }

 private:
  const Question question_;
  Answer answer_;
};

}  // namespace vsc
