#include "windows/winrt/runtime_string.h"

#include "windows/system/hresult_error.h"

namespace vsc {

RuntimeString ToRuntimeString(const std::wstring& text) {
  RuntimeString string;
  CheckHresult(RuntimeLibrary::Get().CreateString(text.data(), static_cast<UINT32>(text.size()),
                                                  string.Receive()),
               "copy a text for Windows");
  return string;
}

std::wstring TextOf(const RuntimeString& text) {
  UINT32 length = 0;
  const wchar_t* const characters = RuntimeLibrary::Get().GetStringRawBuffer(text.get(), &length);
  return std::wstring(characters, length);
}

}  // namespace vsc
