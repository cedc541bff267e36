#include "windows/minidriver/module_calls.h"

#include <optional>
#include <utility>

#include "node/arguments.h"
#include "node/calls/call_object.h"
#include "windows/minidriver/card_module.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

using Info = const Napi::CallbackInfo&;

constexpr std::size_t kLongestPin = 255;
constexpr std::size_t kResponseLength = 8;
constexpr std::size_t kAdminKeyLength = 24;

/** A card, and the module that it keeps until it is closed. */
class LoadedModule {
 public:
  LoadedModule(std::shared_ptr<ScardCard> card, std::weak_ptr<CardModule> module)
      : card_(std::move(card)), module_(std::move(module)) {}

  /** Runs `work` with the module. Throws NativeError CLOSED once either was let go of. */
  template <typename Work>
  void Use(Work work) const {
    card_->Use([&](SCARDCONTEXT, SCARDHANDLE) {
      const std::shared_ptr<CardModule> module = module_.lock();
      if (module == nullptr) throw NativeError("CLOSED", "The card's module was released");
      work(*module);
    });
  }

  void Release() const { card_->Drop(module_); }

 private:
  std::shared_ptr<ScardCard> card_;
  std::weak_ptr<CardModule> module_;
};

/** One of the module's functions, with up to two secrets, which are wiped when it has returned. */
class SecretsCall final : public SystemCall {
 public:
  using Function = void (CardModule::*)(SecretBuffer&, SecretBuffer&);

  SecretsCall(LoadedModule module, Function function, SecretBuffer first, SecretBuffer second)
      : module_(std::move(module)),
        function_(function),
        first_(std::move(first)),
        second_(std::move(second)) {}

  void Work(CallLine&) override {
    SecretBuffer first = std::move(first_);
    SecretBuffer second = std::move(second_);
    module_.Use([&](CardModule& module) { (module.*function_)(first, second); });
  }

 private:
  const LoadedModule module_;
  const Function function_;
  SecretBuffer first_;
  SecretBuffer second_;
};

class SecretCall final : public SystemCall {
 public:
  using Function = void (CardModule::*)(SecretBuffer&);

  SecretCall(LoadedModule module, Function function, SecretBuffer secret)
      : module_(std::move(module)), function_(function), secret_(std::move(secret)) {}

  void Work(CallLine&) override {
    SecretBuffer secret = std::move(secret_);
    module_.Use([&](CardModule& module) { (module.*function_)(secret); });
  }

 private:
  const LoadedModule module_;
  const Function function_;
  SecretBuffer secret_;
};

class ChallengeCall final : public SystemCall {
 public:
  explicit ChallengeCall(LoadedModule module) : module_(std::move(module)) {}

  void Work(CallLine&) override {
    module_.Use([&](CardModule& module) { challenge_ = module.Challenge(); });
  }

  Napi::Value Result(Napi::Env env) override {
    return Napi::Buffer<std::uint8_t>::Copy(env, challenge_.data(), challenge_.size());
  }

 private:
  const LoadedModule module_;
  SecretBuffer challenge_;
};

class ReleaseCall final : public SystemCall {
 public:
  explicit ReleaseCall(LoadedModule module) : module_(std::move(module)) {}

  void Work(CallLine&) override { module_.Release(); }

 private:
  const LoadedModule module_;
};

class LoadCall final : public SystemCall {
 public:
  LoadCall(std::shared_ptr<ScardCard> card, std::shared_ptr<PendingCalls> calls)
      : card_(std::move(card)), calls_(std::move(calls)) {}

  void Work(CallLine&) override {
    card_->Keep([&](SCARDCONTEXT context, SCARDHANDLE handle) {
      const std::shared_ptr<CardModule> module = CardModule::Load(context, handle);
      module_ = module;
      if (module != nullptr) file_ = module->file();
      return module;
    });
  }

  Napi::Value Result(Napi::Env env) override;
  void TakeBack(CallLine&) noexcept override { card_->Drop(module_); }

 private:
  const std::shared_ptr<ScardCard> card_;
  const std::shared_ptr<PendingCalls> calls_;
  std::weak_ptr<CardModule> module_;
  /** Nothing where there is no module. */
  std::optional<std::wstring> file_;
};

SecretBuffer Pin(Info info, std::size_t index, const char* name) {
  return CopyBytes(info[index], 1, kLongestPin, name);
}

SecretBuffer Response(Info info) {
  return CopyBytes(info[0], kResponseLength, kResponseLength, "response");
}

Napi::Value LoadCall::Result(Napi::Env env) {
  if (!file_) return env.Null();
  const LoadedModule module(card_, module_);
  CallObject object(env, calls_);
  object.value().Set("file", ToJavaScript(env, *file_));
  object.Add("verifyPin", [module](Info info) {
    return std::make_shared<SecretCall>(module, &CardModule::VerifyPin, Pin(info, 0, "pin"));
  });
  object.Add("changePin", [module](Info info) {
    return std::make_shared<SecretsCall>(module, &CardModule::ChangePin, Pin(info, 0, "oldPin"),
                                         Pin(info, 1, "newPin"));
  });
  object.Add("unblockByPuk", [module](Info info) {
    return std::make_shared<SecretsCall>(module, &CardModule::UnblockByPuk, Pin(info, 0, "puk"),
                                         Pin(info, 1, "newPin"));
  });
  object.Add("unblockByResponse", [module](Info info) {
    return std::make_shared<SecretsCall>(module, &CardModule::UnblockByResponse, Response(info),
                                         Pin(info, 1, "newPin"));
  });
  object.Add("changeAdminKey", [module](Info info) {
    return std::make_shared<SecretsCall>(
        module, &CardModule::ChangeAdminKey, Response(info),
        CopyBytes(info[1], kAdminKeyLength, kAdminKeyLength, "newKey"));
  });
  object.Add("authenticateAdmin", [module](Info info) {
    return std::make_shared<SecretCall>(module, &CardModule::AuthenticateAdmin, Response(info));
  });
  object.Add("challenge", [module](Info) { return std::make_shared<ChallengeCall>(module); });
  object.Add("release", [module](Info) { return std::make_shared<ReleaseCall>(module); });
  return object.value();
}

}  // namespace

std::shared_ptr<SystemCall> LoadModule(std::shared_ptr<ScardCard> card,
                                       std::shared_ptr<PendingCalls> calls) {
  return std::make_shared<LoadCall>(std::move(card), std::move(calls));
}

}  // namespace vsc
