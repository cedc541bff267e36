#pragma once

#include <objbase.h>
#include <oleauto.h>

#include <string>

#include "node/unique_handle.h"

namespace vsc {

struct AutomationStringTraits {
  using Type = BSTR;
  static Type None() { return nullptr; }
  static void Close(Type text) noexcept { SysFreeString(text); }
};

/** A BSTR: a string that knows its length. None is the same as an empty one. */
using AutomationString = UniqueHandle<AutomationStringTraits>;

/** Of a text; none when it is empty. Throws NativeError. */
AutomationString ToAutomationString(const std::wstring& text);

/** Its text, whole. */
std::wstring TextOf(const AutomationString& text);

}  // namespace vsc
