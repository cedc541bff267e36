#pragma once

#include <napi.h>

namespace vsc {

/** Adds what the addon offers on this operating system; each platform folder has its own. */
void ExportPlatform(Napi::Env env, Napi::Object exports);

}  // namespace vsc
