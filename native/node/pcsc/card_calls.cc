#include "node/pcsc/card_calls.h"

#include <utility>

#include "node/arguments.h"

namespace vsc {

namespace {

// ISO 7816-3, section 12: header, extended Lc, 65535 bytes of data, extended Le.
constexpr std::size_t kSmallestCommand = 4;
constexpr std::size_t kLargestCommand = 65544;

using Card = std::shared_ptr<ReaderCard>;

bool FlagArgument(const Napi::CallbackInfo& info) {
  if (!info[0].IsBoolean()) throw NativeError("INVALID_ARGUMENT", "reset must be a boolean");
  return info[0].As<Napi::Boolean>().Value();
}

/** Something done with a card that brings nothing but its success. */
class CardCall final : public SystemCall {
 public:
  CardCall(Card card, std::function<void(ReaderCard&)> work)
      : card_(std::move(card)), work_(std::move(work)) {}

  void Work(CallLine&) override { work_(*card_); }

 private:
  const Card card_;
  const std::function<void(ReaderCard&)> work_;
};

class TransmitCall final : public SystemCall {
 public:
  TransmitCall(Card card, SecretBuffer command)
      : card_(std::move(card)), command_(std::move(command)) {}

  void Work(CallLine&) override {
    response_ = card_->Transmit(command_);
    command_.Clear();
  }

  Napi::Value Result(Napi::Env env) override {
    return Napi::Buffer<std::uint8_t>::Copy(env, response_.data(), response_.size());
  }

 private:
  const Card card_;
  SecretBuffer command_;
  SecretBuffer response_;
};

class ConnectCall final : public SystemCall {
 public:
  ConnectCall(Card card, std::shared_ptr<PendingCalls> calls,
              std::function<void(CallObject&)> add_more)
      : card_(std::move(card)), calls_(std::move(calls)), add_more_(std::move(add_more)) {}

  void Work(CallLine&) override { card_->Connect(); }
  Napi::Value Result(Napi::Env env) override;
  void TakeBack(CallLine&) noexcept override { card_->Close(false); }

 private:
  const Card card_;
  const std::shared_ptr<PendingCalls> calls_;
  const std::function<void(CallObject&)> add_more_;
};

Napi::Value ConnectCall::Result(Napi::Env env) {
  using Info = const Napi::CallbackInfo&;
  CallObject object(env, calls_);
  object.Add("transmit", [card = card_](Info info) {
    return std::make_shared<TransmitCall>(
        card, CopyBytes(info[0], kSmallestCommand, kLargestCommand, "command"));
  });
  object.Add("beginTransaction", [card = card_](Info) {
    return std::make_shared<CardCall>(card, [](ReaderCard& self) { self.BeginTransaction(); });
  });
  object.Add("endTransaction", [card = card_](Info info) {
    const bool reset = FlagArgument(info);
    return std::make_shared<CardCall>(card,
                                      [reset](ReaderCard& self) { self.EndTransaction(reset); });
  });
  object.Add("reconnect", [card = card_](Info info) {
    const bool reset = FlagArgument(info);
    return std::make_shared<CardCall>(card, [reset](ReaderCard& self) { self.Reconnect(reset); });
  });
  object.Add("close", [card = card_](Info info) {
    const bool reset = FlagArgument(info);
    return std::make_shared<CardCall>(card, [reset](ReaderCard& self) { self.Close(reset); });
  });
  add_more_(object);
  return object.value();
}

}  // namespace

Napi::Value StartConnecting(Napi::Env env, PendingCalls& calls, std::shared_ptr<ReaderCard> card,
                            std::function<void(CallObject&)> add_more) {
  const auto call =
      std::make_shared<ConnectCall>(std::move(card), calls.shared_from_this(), std::move(add_more));
  return calls.Start(env, call, env.Undefined());
}

}  // namespace vsc
