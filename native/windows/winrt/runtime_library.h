#pragma once

#include <windows.h>
// After windows.h, whose types they need.
#include <hstring.h>

#include "windows/system/system_library.h"

namespace vsc {

/** The functions of combase.dll for the Windows Runtime that the addon calls. */
class RuntimeLibrary {
 public:
  /** Loaded at the first use, for the process's life. Throws NativeError where Windows lacks it. */
  static const RuntimeLibrary& Get();

  RuntimeLibrary();

  HRESULT(WINAPI* GetActivationFactory)(HSTRING class_name, REFIID id, void** factory);
  HRESULT(WINAPI* CreateString)(const wchar_t* text, UINT32 length, HSTRING* string);
  HRESULT(WINAPI* DeleteString)(HSTRING string);
  const wchar_t*(WINAPI* GetStringRawBuffer)(HSTRING string, UINT32* length);

 private:
  SystemLibrary library_;
};

}  // namespace vsc
