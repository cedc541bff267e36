#pragma once

#include <windows.h>

#include <hstring.h>

#include <string>

namespace lab {

/** A new HSTRING; NULL for an empty text, as the Windows Runtime has it. */
HSTRING NewString(const std::wstring& text);

/** Its text; empty for NULL. */
std::wstring TextOf(HSTRING string);

}  // namespace lab
