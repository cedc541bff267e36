#include "node/platform.h"

#include <memory>

#include "node/arguments.h"
#include "node/environment.h"
#include "node/native_error.h"
#include "node/transport_object.h"
#include "posix/device.h"
#include "posix/file_lock_object.h"
#include "posix/libtpms.h"

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

}  // namespace

void ExportPlatform(Napi::Env env, Napi::Object exports) {
  Environment& environment = Environment::Of(env);
  environment.transport_class = Napi::Persistent(TransportObject::Define(env));
  environment.file_lock_class = Napi::Persistent(FileLockObject::Define(env));
  exports.Set("openLibtpms", Napi::Function::New<OpenLibtpms>(env, "openLibtpms"));
  exports.Set("openDevice", Napi::Function::New<OpenDevice>(env, "openDevice"));
  exports.Set("lockFile", Napi::Function::New<LockFile>(env, "lockFile"));
}

}  // namespace vsc
