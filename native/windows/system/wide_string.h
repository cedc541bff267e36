#pragma once

#include <napi.h>

#include <string>
#include <vector>

namespace vsc {

/** UTF-16 as Windows takes it. On Windows wchar_t is a UTF-16 unit. */
std::wstring ToWide(const std::u16string& text);
std::u16string ToUtf16(const std::wstring& text);

/** For messages: what is no valid UTF-16 becomes U+FFFD. */
std::string ToUtf8(const std::wstring& text);

/** A JavaScript string of Windows' text. */
Napi::String ToJavaScript(Napi::Env env, const std::wstring& text);

/** The strings of a multi-string: one after the other, each with its NUL, one more NUL at the end.
 */
std::vector<std::wstring> SplitMultiString(const wchar_t* text, std::size_t length);

}  // namespace vsc
