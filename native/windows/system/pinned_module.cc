#include "windows/system/pinned_module.h"

#include <windows.h>

#include "windows/system/hresult_error.h"

namespace vsc {

void PinModule() {
  HMODULE module = nullptr;
  const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
  if (!GetModuleHandleExW(flags, reinterpret_cast<LPCWSTR>(&PinModule), &module)) {
    throw LastError("keep the addon in memory");
  }
}

}  // namespace vsc
