#include "windows/keys/key_arguments.h"

#include <wincrypt.h>

#include <algorithm>

#include "node/arguments.h"
#include "node/native_error.h"
#include "windows/keys/container_name.h"
#include "windows/system/napi_arguments.h"

namespace vsc {

namespace {

constexpr std::size_t kShortestPin = 4;
constexpr std::size_t kLongestPin = 127;

struct Hash {
  const wchar_t* name;
  std::size_t size;
};
constexpr Hash kHashes[] = {{L"SHA1", 20}, {L"SHA256", 32}, {L"SHA384", 48}, {L"SHA512", 64}};

NativeError Wrong(const std::string& name, const std::string& expected) {
  return NativeError("INVALID_ARGUMENT", name + " must be " + expected);
}

const Hash& HashOf(const Napi::Object& object) {
  const std::wstring name = TextProperty(object, "hashName");
  for (const Hash& hash : kHashes) {
    if (name == hash.name) return hash;
  }
  throw Wrong("hashName", "SHA1, SHA256, SHA384 or SHA512");
}

}  // namespace

CardKeys::Provider ProviderOf(const Napi::Object& object) {
  const std::wstring provider = TextProperty(object, "provider");
  if (provider != L"ksp" && provider != L"csp") throw Wrong("provider", "ksp or csp");
  return provider == L"ksp" ? CardKeys::Provider::kKsp : CardKeys::Provider::kCsp;
}

DWORD KeySpecOf(const Napi::Object& object) {
  const DWORD key_spec = NumberProperty(object, "keySpec");
  if (key_spec != AT_KEYEXCHANGE && key_spec != AT_SIGNATURE) throw Wrong("keySpec", "1 or 2");
  return key_spec;
}

CardAddress CardOf(const Napi::Object& object) {
  CardAddress card;
  card.provider = ProviderOf(object);
  card.reader = TextProperty(object, "readerName");
  // A backslash would end the name within `\\.\reader\container`, and name something else.
  if (card.reader.empty() || card.reader.find(L'\\') != std::wstring::npos) {
    throw Wrong("readerName", "the name of a reader, without backslashes");
  }
  return card;
}

std::wstring ContainerOf(const Napi::Object& object) {
  const std::wstring container = TextProperty(object, "container");
  if (container.empty() || container.size() > kLongestContainerName ||
      container.find(L'\\') != std::wstring::npos) {
    throw Wrong("container", "a name of 1 to " + std::to_string(kLongestContainerName) +
                                 " UTF-16 units without backslashes");
  }
  return container;
}

NewKey NewKeyOf(const Napi::Object& object) {
  NewKey key;
  key.container = ContainerOf(object);
  key.algorithm = TextProperty(object, "algorithm");
  const bool is_rsa = key.algorithm == L"RSA";
  if (!is_rsa && key.algorithm != L"ECDSA_P256" && key.algorithm != L"ECDSA_P384") {
    throw Wrong("algorithm", "RSA, ECDSA_P256 or ECDSA_P384");
  }
  key.bits = NumberProperty(object, "bits");
  // Which lengths there are, the provider and the card say.
  if (is_rsa != (key.bits > 0)) throw Wrong("bits", is_rsa ? "the key's length" : "0 without RSA");
  key.key_spec = KeySpecOf(object);
  return key;
}

KeyScheme SignatureSchemeOf(const Napi::Object& object, std::size_t hash_size) {
  KeyScheme scheme;
  const std::wstring padding = TextProperty(object, "padding");
  if (padding == L"pkcs1") {
    scheme.padding = KeyPadding::kPkcs1;
  } else if (padding == L"pss") {
    scheme.padding = KeyPadding::kPss;
  } else if (padding != L"none") {
    throw Wrong("padding", "none, pkcs1 or pss");
  }
  const Hash& hash = HashOf(object);
  if (hash.size != hash_size) {
    throw Wrong("hash", "as long as hashName's, " + std::to_string(hash.size) + " bytes, got " +
                            std::to_string(hash_size));
  }
  scheme.hash = hash.name;
  return scheme;
}

KeyScheme DecryptionSchemeOf(const Napi::Object& object) {
  KeyScheme scheme;
  const std::wstring padding = TextProperty(object, "padding");
  if (padding != L"pkcs1" && padding != L"oaep") throw Wrong("padding", "pkcs1 or oaep");
  scheme.padding = padding == L"oaep" ? KeyPadding::kOaep : KeyPadding::kPkcs1;
  if (scheme.padding == KeyPadding::kOaep) scheme.hash = HashOf(object).name;
  return scheme;
}

SecretBuffer PinArgument(const Napi::CallbackInfo& info, std::size_t index) {
  SecretBuffer pin = CopyBytes(info[index], kShortestPin, kLongestPin, "pin");
  const bool is_ascii = std::all_of(pin.data(), pin.data() + pin.size(),
                                    [](std::uint8_t byte) { return byte != 0 && byte < 0x80; });
  if (!is_ascii) throw Wrong("pin", "of ASCII characters without NUL");
  return pin;
}

std::vector<std::uint8_t> BytesOf(Napi::Value value, std::size_t largest, const char* name) {
  const SecretBuffer bytes = CopyBytes(value, 1, largest, name);
  return std::vector<std::uint8_t>(bytes.data(), bytes.data() + bytes.size());
}

}  // namespace vsc
