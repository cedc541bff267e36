#include "windows/certificates/certificate_exports.h"

#include <exception>
#include <optional>
#include <utility>

#include "node/calls/export_call.h"
#include "windows/certificates/user_store.h"
#include "windows/keys/key_arguments.h"
#include "windows/system/napi_arguments.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

/** More than any certificate has. */
constexpr std::size_t kLargestCertificate = 1 << 20;

std::vector<std::uint8_t> BytesOfCertificate(const Napi::Object& object) {
  return BytesOf(object.Get("certificate"), kLargestCertificate, "certificate");
}

std::optional<std::wstring> FriendlyNameOf(const Napi::Object& object) {
  if (object.Get("friendlyName").IsUndefined()) return std::nullopt;
  return TextProperty(object, "friendlyName");
}

/** A certificate that nobody waits for any more goes out again. */
class AddCall final : public SystemCall {
 public:
  explicit AddCall(LinkedCertificate certificate) : certificate_(std::move(certificate)) {}

  void Work(CallLine&) override { added_ = UserStore().Add(certificate_); }

  void TakeBack(CallLine& line) noexcept override {
    if (!added_) return;
    try {
      UserStore().Remove(certificate_.bytes, certificate_.link.container);
    } catch (const std::exception&) {
      line.Send({"lateCertificateLeft", 0, ToUtf16(certificate_.link.container)});
    }
  }

  Napi::Value Result(Napi::Env env) override { return Napi::Boolean::New(env, added_); }

 private:
  const LinkedCertificate certificate_;
  bool added_ = false;
};

class RemoveCall final : public SystemCall {
 public:
  RemoveCall(std::vector<std::uint8_t> bytes, std::wstring container)
      : bytes_(std::move(bytes)), container_(std::move(container)) {}

  void Work(CallLine&) override { removed_ = UserStore().Remove(bytes_, container_); }
  Napi::Value Result(Napi::Env env) override { return Napi::Boolean::New(env, removed_); }

 private:
  const std::vector<std::uint8_t> bytes_;
  const std::wstring container_;
  bool removed_ = false;
};

class ListCall final : public SystemCall {
 public:
  void Work(CallLine&) override { found_ = UserStore().List(); }

  Napi::Value Result(Napi::Env env) override {
    Napi::Array list = Napi::Array::New(env, found_.size());
    for (std::uint32_t i = 0; i < found_.size(); ++i) {
      const LinkedCertificate& each = found_[i];
      const bool is_csp = each.link.provider == CardKeys::Provider::kCsp;
      Napi::Object object = Napi::Object::New(env);
      object.Set("certificate",
                 Napi::Buffer<std::uint8_t>::Copy(env, each.bytes.data(), each.bytes.size()));
      object.Set("provider", is_csp ? "csp" : "ksp");
      object.Set("container", ToJavaScript(env, each.link.container));
      object.Set("keySpec", each.link.key_spec);
      list.Set(i, object);
    }
    return list;
  }

 private:
  std::vector<LinkedCertificate> found_;
};

Napi::Value Add(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "certificate");
    const auto call = std::make_shared<AddCall>(
        LinkedCertificate{BytesOfCertificate(object),
                          {ProviderOf(object), ContainerOf(object), KeySpecOf(object)},
                          FriendlyNameOf(object)});
    return calls.Start(info.Env(), call, info[1]);
  });
}

Napi::Value Remove(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    const Napi::Object object = ObjectArgument(info, 0, "certificate");
    const auto call = std::make_shared<RemoveCall>(BytesOfCertificate(object), ContainerOf(object));
    return calls.Start(info.Env(), call, info.Env().Undefined());
  });
}

Napi::Value List(const Napi::CallbackInfo& info, PendingCalls& calls) {
  return WithErrors(info.Env(), [&] {
    return calls.Start(info.Env(), std::make_shared<ListCall>(), info.Env().Undefined());
  });
}

}  // namespace

void ExportCertificates(Napi::Env env, Napi::Object exports,
                        const std::shared_ptr<PendingCalls>& calls) {
  ExportCall<Add>(env, exports, "addStoredCertificate", calls);
  ExportCall<Remove>(env, exports, "removeStoredCertificate", calls);
  ExportCall<List>(env, exports, "listStoredCertificates", calls);
}

}  // namespace vsc
