#include "node/environment.h"

namespace vsc {

void OpenThings::CloseAll() noexcept {
  for (Closable* thing : things_) thing->CloseAtTeardown();
  things_.clear();
}

Environment::Environment(Napi::Env env)
    : delivery(std::make_shared<Delivery>(env)), open_things(std::make_shared<OpenThings>()) {}

Environment& Environment::Install(Napi::Env env) {
  auto* self = new Environment(env);
  env.SetInstanceData(self);
  // Hooks run last in, first out: this one before that of the delivery's thread-safe function, so
  // no thread of ours is left when Node takes that function down.
  env.AddCleanupHook([](Environment* environment) { environment->Close(); }, self);
  return *self;
}

Environment& Environment::Of(Napi::Env env) {
  return *env.GetInstanceData<Environment>();
}

void Environment::Close() noexcept {
  open_things->CloseAll();
  delivery->Close();
}

}  // namespace vsc
