#include "windows/system/napi_arguments.h"

#include <cmath>

#include "node/native_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

NativeError Wrong(const std::string& name, const char* expected) {
  return NativeError("INVALID_ARGUMENT", name + " must be " + expected);
}

std::wstring Text(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw Wrong(name, "a string");
  std::wstring text = ToWide(value.As<Napi::String>().Utf16Value());
  if (text.find(L'\0') != std::wstring::npos) throw Wrong(name, "a string without NUL characters");
  return text;
}

}  // namespace

Napi::Object ObjectArgument(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  if (!info[index].IsObject()) throw Wrong(name, "an object");
  return info[index].As<Napi::Object>();
}

std::wstring TextArgument(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  return Text(info[index], name);
}

std::wstring TextProperty(const Napi::Object& object, const char* name) {
  return Text(object.Get(name), name);
}

bool BooleanProperty(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsBoolean()) throw Wrong(name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::uint32_t NumberProperty(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (number < 0 || number > UINT32_MAX || std::floor(number) != number) {
    throw Wrong(name, "an unsigned 32-bit number");
  }
  return static_cast<std::uint32_t>(number);
}

}  // namespace vsc
