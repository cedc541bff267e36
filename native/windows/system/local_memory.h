#pragma once

#include <windows.h>

#include "node/unique_handle.h"

namespace vsc {

struct LocalMemoryTraits {
  using Type = void*;
  static Type None() { return nullptr; }
  static void Close(Type memory) noexcept { LocalFree(memory); }
};

/** Memory that a system function allocated by LocalAlloc. */
using LocalMemory = UniqueHandle<LocalMemoryTraits>;

}  // namespace vsc
