#pragma once

#include <napi.h>

#include <string>

#include "node/secret_buffer.h"

namespace vsc {

/** A Uint8Array's bytes, copied. Throws NativeError INVALID_ARGUMENT naming `name`. */
SecretBuffer CopyBytes(Napi::Value value, std::size_t smallest, std::size_t largest,
                       const std::string& name);

/** The call's first argument as a path. Throws NativeError INVALID_ARGUMENT naming `name`. */
std::string PathArgument(const Napi::CallbackInfo& info, const std::string& name);

}  // namespace vsc
