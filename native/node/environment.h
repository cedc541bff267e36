#pragma once

#include <napi.h>

#include <memory>
#include <set>

#include "node/delivery.h"
#include "node/transport.h"

namespace vsc {

/** Something that must end before its JavaScript environment does. */
class Closable {
 public:
  virtual void CloseAtTeardown() noexcept = 0;

 protected:
  ~Closable() = default;
};

/** The closables of one environment. Used on its JavaScript thread only. */
class OpenThings {
 public:
  void Add(Closable* thing) { things_.insert(thing); }
  void Remove(Closable* thing) { things_.erase(thing); }
  void CloseAll() noexcept;

 private:
  std::set<Closable*> things_;
};

/** What the addon keeps per JavaScript environment: the main thread or one worker thread. */
class Environment {
 public:
  /** Makes the environment's instance and its cleanup hook. */
  static Environment& Install(Napi::Env env);
  static Environment& Of(Napi::Env env);

  explicit Environment(Napi::Env env);

  /** Shared, because objects may be finalised after the environment's own data is gone. */
  const std::shared_ptr<Delivery> delivery;
  const std::shared_ptr<OpenThings> open_things;

  /** Handed to the constructor of the transport class, which only the addon itself may call. */
  std::unique_ptr<Transport> new_transport;

  Napi::FunctionReference transport_class;
  Napi::FunctionReference file_lock_class;

 private:
  void Close() noexcept;
};

}  // namespace vsc
