#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace vsc {

// What JavaScript hands over. Each throws NativeError INVALID_ARGUMENT that names what is wrong.

Napi::Object ObjectArgument(const Napi::CallbackInfo& info, std::size_t index, const char* name);
/** Without NUL, since the system takes it to end there. */
std::wstring TextArgument(const Napi::CallbackInfo& info, std::size_t index, const char* name);
std::wstring TextProperty(const Napi::Object& object, const char* name);
bool BooleanProperty(const Napi::Object& object, const char* name);
std::uint32_t NumberProperty(const Napi::Object& object, const char* name);

}  // namespace vsc
