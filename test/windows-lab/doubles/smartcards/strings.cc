#include "smartcards/strings.h"

#include "smartcards/component.h"

namespace lab {

namespace {

/** By name: MinGW links to API sets, which not every Wine resolves. */
template <typename Function>
Function* Combase(const char* name) {
  static const HMODULE module = LoadLibraryW(L"combase.dll");
  const FARPROC address = GetProcAddress(module, name);
  Require(address != nullptr, static_cast<uint32_t>(E_UNEXPECTED));
  return reinterpret_cast<Function*>(reinterpret_cast<void (*)()>(address));
}

}  // namespace

HSTRING NewString(const std::wstring& text) {
  const auto create =
      Combase<HRESULT WINAPI(const wchar_t*, UINT32, HSTRING*)>("WindowsCreateString");
  HSTRING string = nullptr;
  const HRESULT result = create(text.data(), static_cast<UINT32>(text.size()), &string);
  Require(SUCCEEDED(result), static_cast<uint32_t>(result));
  return string;
}

std::wstring TextOf(HSTRING string) {
  const auto buffer =
      Combase<const wchar_t * WINAPI(HSTRING, UINT32*)>("WindowsGetStringRawBuffer");
  UINT32 length = 0;
  const wchar_t* const text = buffer(string, &length);
  return std::wstring(text, length);
}

}  // namespace lab
