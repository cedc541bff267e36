#include "windows/system/hresult_error.h"

#include <cstdint>
#include <cstdio>

#include "windows/system/local_memory.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

std::string Hex(HRESULT result) {
  char text[11];
  std::snprintf(text, sizeof(text), "0x%08lX", static_cast<unsigned long>(result));
  return text;
}

std::string TextFrom(DWORD code, DWORD language) {
  wchar_t* found = nullptr;
  const DWORD flags = FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
                      FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  const DWORD length = FormatMessageW(flags, nullptr, code, language,
                                      reinterpret_cast<wchar_t*>(&found), 0, nullptr);
  const LocalMemory memory(found);
  if (length == 0) return {};
  std::wstring text(found, length);
  const std::size_t end = text.find_last_not_of(L" .\r\n");
  text.resize(end == std::wstring::npos ? 0 : end + 1);
  return ToUtf8(text);
}

}  // namespace

std::string SystemText(HRESULT result) {
  constexpr DWORD kEnglish = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
  const auto code = static_cast<DWORD>(result);
  const std::string english = TextFrom(code, kEnglish);
  return english.empty() ? TextFrom(code, 0) : english;
}

NativeError HresultError(HRESULT result, const std::string& action) {
  const std::string text = SystemText(result);
  NativeError error("HRESULT", "Could not " + action + ": " +
                                   (text.empty() ? "Windows says" : text) + " (" + Hex(result) +
                                   ")");
  error.hresult = static_cast<std::uint32_t>(result);
  return error;
}

HRESULT LastResult() noexcept {
  const DWORD code = GetLastError();
  return code == ERROR_SUCCESS ? E_FAIL : HRESULT_FROM_WIN32(code);
}

NativeError LastError(const std::string& action) {
  return HresultError(LastResult(), action);
}

void CheckHresult(HRESULT result, const std::string& action) {
  if (FAILED(result)) throw HresultError(result, action);
}

void CheckCode(LONG code, const std::string& action) {
  if (code != 0) throw HresultError(HRESULT_FROM_WIN32(code), action);
}

}  // namespace vsc
