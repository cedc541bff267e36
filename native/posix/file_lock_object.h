#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <string>

#include "node/environment.h"
#include "posix/file_lock.h"

namespace vsc {

/** The JavaScript face of a file lock: release. */
class FileLockObject final : public Napi::ObjectWrap<FileLockObject>, private Closable {
 public:
  static Napi::Function Define(Napi::Env env);

  /** Locks the file whose path is the one argument. */
  explicit FileLockObject(const Napi::CallbackInfo& info);
  ~FileLockObject() override;

 private:
  void Release(const Napi::CallbackInfo& info);
  void CloseAtTeardown() noexcept override { lock_.reset(); }

  std::optional<FileLock> lock_;
  std::shared_ptr<OpenThings> open_things_;
};

}  // namespace vsc
