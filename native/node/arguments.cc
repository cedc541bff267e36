#include "node/arguments.h"

#include "node/native_error.h"

namespace vsc {

SecretBuffer CopyBytes(Napi::Value value, std::size_t smallest, std::size_t largest,
                       const std::string& name) {
  const auto expected = [&] {
    return name + " must be a Uint8Array of " + std::to_string(smallest) + " to " +
           std::to_string(largest) + " bytes";
  };
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw NativeError("INVALID_ARGUMENT", expected());
  }
  const auto bytes = value.As<Napi::Uint8Array>();
  const std::size_t size = bytes.ByteLength();
  if (size < smallest || size > largest) {
    throw NativeError("INVALID_ARGUMENT", expected() + ", got " + std::to_string(size));
  }
  return SecretBuffer(bytes.Data(), size);
}

std::string PathArgument(const Napi::CallbackInfo& info, const std::string& name) {
  const std::string path = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw NativeError("INVALID_ARGUMENT", name + " must be a path without NUL characters");
  }
  return path;
}

}  // namespace vsc
