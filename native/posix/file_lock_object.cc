#include "posix/file_lock_object.h"

#include "node/arguments.h"
#include "node/native_error.h"

namespace vsc {

Napi::Function FileLockObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeFileLock", {InstanceMethod<&FileLockObject::Release>("release")});
}

FileLockObject::FileLockObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<FileLockObject>(info) {
  WithErrors(info.Env(), [&] { lock_.emplace(PathArgument(info, "path")); });
  open_things_ = Environment::Of(info.Env()).open_things;
  open_things_->Add(this);
}

FileLockObject::~FileLockObject() {
  if (open_things_) open_things_->Remove(this);
}

void FileLockObject::Release(const Napi::CallbackInfo&) {
  if (!lock_) return;
  lock_->Release();
  lock_.reset();
  open_things_->Remove(this);
}

}  // namespace vsc
