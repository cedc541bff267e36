#pragma once

#include <string>

#include "node/unique_handle.h"
#include "windows/winrt/runtime_library.h"

namespace vsc {

struct RuntimeStringTraits {
  using Type = HSTRING;
  static Type None() { return nullptr; }
  static void Close(Type text) noexcept { RuntimeLibrary::Get().DeleteString(text); }
};

/** An HSTRING: a string of the Windows Runtime. None is the same as an empty one. */
using RuntimeString = UniqueHandle<RuntimeStringTraits>;

/** Of a text. Throws NativeError. */
RuntimeString ToRuntimeString(const std::wstring& text);

/** Its text, whole. */
std::wstring TextOf(const RuntimeString& text);

}  // namespace vsc
