#include "windows/keys/key_calls.h"

#include <optional>

#include "node/native_error.h"
#include "windows/keys/pin_turn.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

NativeError WithPinLeft(const NativeError& error) {
  NativeError told(error.code(),
                   std::string(error.what()) + "; the provider still has the PIN in its cache");
  told.hresult = error.hresult;
  return told;
}

}  // namespace

void CardKeysCall::Cancel() noexcept {
  PinTurn::Wake();
}

void CardKeysCall::Use(CallLine& line, bool stops,
                       const std::function<void(CardKeys& keys)>& work) {
  std::optional<PinTurn> turn;
  if (pin_.size() > 0) turn.emplace(card_.reader, stops ? &line : nullptr);
  const std::unique_ptr<CardKeys> keys = CardKeys::Open(card_.provider, card_.reader);
  try {
    work(*keys);
  } catch (const NativeError& error) {
    if (SUCCEEDED(keys->pin_left())) throw;
    throw WithPinLeft(error);
  }
  // What was done is done: that comes first, and this is told beside it.
  if (FAILED(keys->pin_left())) {
    line.Send({"pinLeft", static_cast<std::uint32_t>(keys->pin_left()), {}});
  }
}

void CreateKeyCall::Work(CallLine& line) {
  Use(line, true, [&](CardKeys& keys) {
    keys.Create(key_, pin());
    made_ = true;
    // Within the same turn: nobody of this process has made another key of that name meanwhile.
    if (line.abandoned()) Undo(line, keys);
  });
}

void CreateKeyCall::TakeBack(CallLine& line) noexcept {
  if (!made_) return;
  try {
    Use(line, false, [&](CardKeys& keys) { Undo(line, keys); });
  } catch (const std::exception&) {
    TellLeft(line);
  }
}

void CreateKeyCall::Undo(CallLine& line, CardKeys& keys) {
  made_ = false;
  try {
    keys.Delete(key_.container, pin());
  } catch (const NativeError&) {
    TellLeft(line);
  }
}

void CreateKeyCall::TellLeft(CallLine& line) noexcept {
  try {
    line.Send({"lateKeyLeft", 0, ToUtf16(key_.container)});
  } catch (const std::exception&) {
    // Without the memory for a message there is nobody to tell.
    return;
  }
}

void KeyActionCall::Work(CallLine& line) {
  Use(line, true, [this](CardKeys& keys) { action_(keys, pin()); });
}

Napi::Value ToValue(Napi::Env env, const std::vector<ListedKey>& keys) {
  Napi::Array list = Napi::Array::New(env, keys.size());
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("container", ToJavaScript(env, keys[i].container));
    object.Set("keySpec", Napi::Number::New(env, keys[i].key_spec));
    list.Set(i, object);
  }
  return list;
}

Napi::Value ToValue(Napi::Env env, const std::vector<std::uint8_t>& bytes) {
  return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value ToValue(Napi::Env env, const std::optional<std::vector<std::uint8_t>>& bytes) {
  return bytes ? ToValue(env, *bytes) : Napi::Value(env.Null());
}

Napi::Value ToValue(Napi::Env env, const SecretBuffer& bytes) {
  return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data(), bytes.size());
}

}  // namespace vsc
