#include "node/transport_object.h"

#include <string>
#include <utility>
#include <vector>

#include "node/arguments.h"
#include "node/native_error.h"
#include "node/transport_tasks.h"

namespace vsc {

namespace {

// TPM 2.0 Library, Part 1, section 18: a command is a header of 10 bytes and what follows; no TPM
// takes more than 4096 bytes.
constexpr std::size_t kSmallestCommand = 10;
constexpr std::size_t kLargestCommand = 4096;
// Shorter values would be found where they are not meant.
constexpr std::size_t kSmallestSecret = 16;

}  // namespace

Napi::Function TransportObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeTransport",
                     {InstanceMethod<&TransportObject::Transmit>("transmit"),
                      InstanceMethod<&TransportObject::Forget>("forget"),
                      InstanceMethod<&TransportObject::Close>("close")});
}

Napi::Value TransportObject::Open(Napi::Env env, std::unique_ptr<Transport> transport) {
  Environment& environment = Environment::Of(env);
  environment.new_transport = std::move(transport);
  const Napi::Object object = environment.transport_class.New({});
  TransportObject& self = *Unwrap(object);
  return self.Post(std::make_unique<OpenTask>(env, self));
}

TransportObject::TransportObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<TransportObject>(info) {
  Environment& environment = Environment::Of(info.Env());
  std::unique_ptr<Transport> transport = std::move(environment.new_transport);
  if (!transport) {
    throw Napi::TypeError::New(info.Env(), "A transport is made by openLibtpms or openDevice");
  }
  delivery_ = environment.delivery;
  open_things_ = environment.open_things;
  thread_ = WithErrors(
      info.Env(), [&] { return std::make_unique<CommandThread>(std::move(transport), delivery_); });
  open_things_->Add(this);
}

TransportObject::~TransportObject() {
  if (open_things_) open_things_->Remove(this);
}

Napi::Value TransportObject::Transmit(const Napi::CallbackInfo& info) {
  return WithRejections(info.Env(), [&] {
    SecretBuffer command = CopyBytes(info[0], kSmallestCommand, kLargestCommand, "command");
    return Post(std::make_unique<TransmitTask>(info.Env(), *this, std::move(command)));
  });
}

Napi::Value TransportObject::Forget(const Napi::CallbackInfo& info) {
  return WithRejections(info.Env(), [&] {
    if (!info[0].IsArray()) {
      throw NativeError("INVALID_ARGUMENT", "values must be an array of Uint8Array");
    }
    const auto array = info[0].As<Napi::Array>();
    std::vector<SecretBuffer> values;
    for (std::uint32_t i = 0; i < array.Length(); ++i) {
      values.push_back(CopyBytes(array.Get(i), kSmallestSecret, kLargestCommand,
                                 "values[" + std::to_string(i) + "]"));
    }
    return Post(std::make_unique<ForgetTask>(info.Env(), *this, std::move(values)));
  });
}

Napi::Value TransportObject::Close(const Napi::CallbackInfo& info) {
  if (closing_ && pending_ == 0) {
    const auto deferred = Napi::Promise::Deferred::New(info.Env());
    deferred.Resolve(info.Env().Undefined());
    return deferred.Promise();
  }
  closing_ = false;
  const Napi::Value promise = Post(std::make_unique<CloseTask>(info.Env(), *this));
  RefuseMore();
  return promise;
}

Napi::Value TransportObject::Post(std::unique_ptr<Task> task) {
  const Napi::Promise promise = task->Promise();
  if (closing_) throw NativeError("CLOSED", "The transport is closed");
  // Garbage collection waits until the last task is settled.
  if (pending_++ == 0) Ref();
  delivery_->Expect();
  thread_->Post(std::move(task));
  return promise;
}

void TransportObject::Settled() {
  if (--pending_ > 0) return;
  if (closing_) {
    thread_->Stop();
    open_things_->Remove(this);
  }
  Unref();
}

void TransportObject::CloseAtTeardown() noexcept {
  thread_->Stop();
}

}  // namespace vsc
