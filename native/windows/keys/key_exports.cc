#include "windows/keys/key_exports.h"

#include "node/calls/export_call.h"
#include "windows/keys/key_calls.h"
#include "windows/system/napi_arguments.h"

namespace vsc {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kLongestHash = 64;
// Of an RSA key of 8192 bits.
constexpr std::size_t kLongestCiphertext = 1024;
// More than a card's file holds.
constexpr std::size_t kLongestCertificate = 65535;

Napi::Value ListKeys(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    using Call = KeyQuestionCall<std::vector<ListedKey>>;
    const auto call =
        std::make_shared<Call>(CardOf(ObjectArgument(info, 0, "card")), SecretBuffer(),
                               [](CardKeys& keys, const SecretBuffer&) { return keys.List(); });
    return calls.Start(info.Env(), call, info[1]);
  });
}

Napi::Value CreateKey(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "key");
    const auto call =
        std::make_shared<CreateKeyCall>(CardOf(object), NewKeyOf(object), PinArgument(info, 1));
    return calls.Start(info.Env(), call, info[2]);
  });
}

Napi::Value ReadPublicKey(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "key");
    const auto call = std::make_shared<KeyQuestionCall<Bytes>>(
        CardOf(object), SecretBuffer(),
        [container = ContainerOf(object)](CardKeys& keys, const SecretBuffer&) {
          return keys.PublicKey(container);
        });
    return calls.Start(info.Env(), call, info[1]);
  });
}

Napi::Value SignHash(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "key");
    const Bytes hash = BytesOf(info[1], kLongestHash, "hash");
    const KeyScheme scheme = SignatureSchemeOf(object, hash.size());
    const auto call = std::make_shared<KeyQuestionCall<Bytes>>(
        CardOf(object), PinArgument(info, 2),
        [container = ContainerOf(object), scheme, hash](CardKeys& keys, const SecretBuffer& pin) {
          return keys.Sign(container, scheme, hash, pin);
        });
    return calls.Start(info.Env(), call, info[3]);
  });
}

Napi::Value Decrypt(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "key");
    const Bytes ciphertext = BytesOf(info[1], kLongestCiphertext, "ciphertext");
    const KeyScheme scheme = DecryptionSchemeOf(object);
    const auto call = std::make_shared<KeyQuestionCall<SecretBuffer>>(
        CardOf(object), PinArgument(info, 2),
        [container = ContainerOf(object), scheme, ciphertext](CardKeys& keys,
                                                              const SecretBuffer& pin) {
          return keys.Decrypt(container, scheme, ciphertext, pin);
        });
    return calls.Start(info.Env(), call, info[3]);
  });
}

Napi::Value ReadCertificate(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "key");
    const auto call = std::make_shared<KeyQuestionCall<std::optional<Bytes>>>(
        CardOf(object), SecretBuffer(),
        [container = ContainerOf(object)](CardKeys& keys, const SecretBuffer&) {
          return keys.Certificate(container);
        });
    return calls.Start(info.Env(), call, info[1]);
  });
}

Napi::Value WriteCertificate(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "key");
    const Bytes certificate = BytesOf(info[1], kLongestCertificate, "certificate");
    const auto call = std::make_shared<KeyActionCall>(
        CardOf(object), PinArgument(info, 2),
        [container = ContainerOf(object), certificate](CardKeys& keys, const SecretBuffer& pin) {
          keys.SetCertificate(container, certificate, pin);
        });
    return calls.Start(info.Env(), call, info[3]);
  });
}

Napi::Value DeleteKey(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "key");
    const auto call = std::make_shared<KeyActionCall>(
        CardOf(object), PinArgument(info, 1),
        [container = ContainerOf(object)](CardKeys& keys, const SecretBuffer& pin) {
          keys.Delete(container, pin);
        });
    return calls.Start(info.Env(), call, info[2]);
  });
}

}  // namespace

void ExportKeys(Napi::Env env, Napi::Object exports, const std::shared_ptr<PendingCalls>& calls) {
  ExportCall<ListKeys>(env, exports, "listKeys", calls);
  ExportCall<CreateKey>(env, exports, "createKey", calls);
  ExportCall<ReadPublicKey>(env, exports, "readPublicKey", calls);
  ExportCall<SignHash>(env, exports, "signHash", calls);
  ExportCall<Decrypt>(env, exports, "decrypt", calls);
  ExportCall<ReadCertificate>(env, exports, "readCertificate", calls);
  ExportCall<WriteCertificate>(env, exports, "writeCertificate", calls);
  ExportCall<DeleteKey>(env, exports, "deleteKey", calls);
}

}  // namespace vsc
