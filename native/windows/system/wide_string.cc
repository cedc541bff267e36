#include "windows/system/wide_string.h"

#include <windows.h>

namespace vsc {

static_assert(sizeof(wchar_t) == sizeof(char16_t), "wchar_t is a UTF-16 unit on Windows");

std::wstring ToWide(const std::u16string& text) {
  return std::wstring(text.begin(), text.end());
}

std::u16string ToUtf16(const std::wstring& text) {
  return std::u16string(text.begin(), text.end());
}

std::string ToUtf8(const std::wstring& text) {
  if (text.empty()) return {};
  const int units = static_cast<int>(text.size());
  const int size =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), units, nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), units, result.data(), size, nullptr, nullptr);
  return result;
}

Napi::String ToJavaScript(Napi::Env env, const std::wstring& text) {
  return Napi::String::New(env, ToUtf16(text));
}

std::vector<std::wstring> SplitMultiString(const wchar_t* text, std::size_t length) {
  std::vector<std::wstring> strings;
  std::wstring current;
  for (std::size_t i = 0; i < length; ++i) {
    if (text[i] != L'\0') {
      current.push_back(text[i]);
    } else if (current.empty()) {
      break;
    } else {
      strings.push_back(std::move(current));
      current.clear();
    }
  }
  if (!current.empty()) strings.push_back(std::move(current));
  return strings;
}

}  // namespace vsc
