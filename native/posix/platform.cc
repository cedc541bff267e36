#include "node/platform.h"

#include <memory>

#include "node/arguments.h"
#include "node/environment.h"
#include "node/native_error.h"
#include "node/transport_object.h"
#include "posix/device.h"
#include "posix/file_lock_object.h"
#include "posix/libtpms.h"
#include "posix/pcsc/pcsc_exports.h"
#include "posix/socket_peer.h"

namespace vsc {

namespace {

Napi::Value OpenLibtpms(const Napi::CallbackInfo& info) {
  return WithRejections(info.Env(), [&] {
    const std::string directory = PathArgument(info, "stateDirectory");
    return TransportObject::Open(info.Env(), std::make_unique<LibtpmsTransport>(directory));
  });
}

Napi::Value OpenDevice(const Napi::CallbackInfo& info) {
  return WithRejections(info.Env(), [&] {
    const std::string path = PathArgument(info, "path");
    return TransportObject::Open(info.Env(), std::make_unique<DeviceTransport>(path));
  });
}

Napi::Value LockFile(const Napi::CallbackInfo& info) {
  return Environment::Of(info.Env()).file_lock_class.New({info[0]});
}

/** The call's first argument as a file descriptor. */
int DescriptorArgument(const Napi::CallbackInfo& info) {
  const double number = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  const int descriptor = info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : -1;
  if (descriptor >= 0 && descriptor == number) return descriptor;
  throw NativeError("INVALID_ARGUMENT", "descriptor: expected an open file descriptor");
}

Napi::Value PeerUserOf(const Napi::CallbackInfo& info) {
  return WithErrors(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), PeerUser(DescriptorArgument(info)));
  });
}

void AcknowledgeSocket(const Napi::CallbackInfo& info) {
  WithErrors(info.Env(), [&] { AcknowledgeAtOnce(DescriptorArgument(info)); });
}

}  // namespace

void ExportPlatform(Napi::Env env, Napi::Object exports) {
  Environment& environment = Environment::Of(env);
  environment.transport_class = Napi::Persistent(TransportObject::Define(env));
  environment.file_lock_class = Napi::Persistent(FileLockObject::Define(env));
  exports.Set("openLibtpms", Napi::Function::New<OpenLibtpms>(env, "openLibtpms"));
  exports.Set("openDevice", Napi::Function::New<OpenDevice>(env, "openDevice"));
  exports.Set("lockFile", Napi::Function::New<LockFile>(env, "lockFile"));
  exports.Set("peerUser", Napi::Function::New<PeerUserOf>(env, "peerUser"));
  exports.Set("acknowledgeAtOnce",
              Napi::Function::New<AcknowledgeSocket>(env, "acknowledgeAtOnce"));
  ExportPcsc(env, exports);
}

}  // namespace vsc
