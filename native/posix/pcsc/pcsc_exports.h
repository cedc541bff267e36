#pragma once

#include <napi.h>

namespace vsc {

/** listReaders, watchReaders, connectCard. */
void ExportPcsc(Napi::Env env, Napi::Object exports);

}  // namespace vsc
