#pragma once

#include <napi.h>

#include <memory>

#include "node/command_thread.h"
#include "node/environment.h"
#include "node/transport.h"

namespace vsc {

/** The JavaScript face of a transport: transmit, forget, close. */
class TransportObject final : public Napi::ObjectWrap<TransportObject>, private Closable {
 public:
  static Napi::Function Define(Napi::Env env);
  /** A promise of the object, once its transport is open. */
  static Napi::Value Open(Napi::Env env, std::unique_ptr<Transport> transport);

  /** Takes the environment's new transport, which `Open` puts there: JavaScript cannot make one. */
  explicit TransportObject(const Napi::CallbackInfo& info);
  ~TransportObject() override;

  /** A task of this object was settled. */
  void Settled();
  /** Accept no more tasks, and end the thread with the last of them. */
  void RefuseMore() { closing_ = true; }

 private:
  Napi::Value Transmit(const Napi::CallbackInfo& info);
  Napi::Value Forget(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  Napi::Value Post(std::unique_ptr<Task> task);
  void CloseAtTeardown() noexcept override;

  std::shared_ptr<Delivery> delivery_;
  std::shared_ptr<OpenThings> open_things_;
  std::unique_ptr<CommandThread> thread_;
  std::size_t pending_ = 0;
  bool closing_ = false;
};

}  // namespace vsc
