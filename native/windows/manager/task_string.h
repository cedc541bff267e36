#pragma once

#include <objbase.h>

#include "node/unique_handle.h"

namespace vsc {

struct TaskStringTraits {
  using Type = LPWSTR;
  static Type None() { return nullptr; }
  static void Close(Type text) noexcept { CoTaskMemFree(text); }
};

/** A string that COM handed over, freed by CoTaskMemFree. */
using TaskString = UniqueHandle<TaskStringTraits>;

}  // namespace vsc
