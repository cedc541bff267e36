#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "windows/keys/card_keys.h"

namespace vsc {

// What JavaScript hands over about keys. Each throws NativeError INVALID_ARGUMENT that names what
// is wrong.

/** A card as a provider finds it. */
struct CardAddress {
  CardKeys::Provider provider;
  std::wstring reader;
};

/** Property `provider`. */
CardKeys::Provider ProviderOf(const Napi::Object& object);
/** Property `keySpec`: AT_KEYEXCHANGE or AT_SIGNATURE. */
DWORD KeySpecOf(const Napi::Object& object);
/** Properties `provider` and `readerName`. */
CardAddress CardOf(const Napi::Object& object);
/** Property `container`. */
std::wstring ContainerOf(const Napi::Object& object);
/** Properties `container`, `algorithm`, `bits`, `keySpec`. */
NewKey NewKeyOf(const Napi::Object& object);
/** Properties `padding` and `hashName` for a signature of `hash`, and for a decryption. */
KeyScheme SignatureSchemeOf(const Napi::Object& object, std::size_t hash_size);
KeyScheme DecryptionSchemeOf(const Napi::Object& object);

SecretBuffer PinArgument(const Napi::CallbackInfo& info, std::size_t index);
/** Bytes that are no secret. */
std::vector<std::uint8_t> BytesOf(Napi::Value value, std::size_t largest, const char* name);

}  // namespace vsc
