#include <napi.h>

#include "node/environment.h"
#include "node/platform.h"

namespace {

/** Runs once for each JavaScript environment that loads the addon. */
Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  vsc::Environment::Install(env);
  vsc::ExportPlatform(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(virtual_smartcard, Initialize)
