#pragma once

#include <windows.h>

#include <string>

#include "node/unique_handle.h"
#include "windows/system/hresult_error.h"

namespace vsc {

struct ModuleTraits {
  using Type = HMODULE;
  static Type None() { return nullptr; }
  static void Close(Type module) noexcept { FreeLibrary(module); }
};

using ModuleHandle = UniqueHandle<ModuleTraits>;

/**
 * The DLL that a setting of the machine names, by its file name or by a path below System32;
 * nothing when it is elsewhere, is not there or cannot be loaded.
 */
ModuleHandle LoadSystemModule(const std::wstring& file);

/**
 * A DLL of the system, loaded by its full path below System32: a file of the same name beside the
 * program or in the current folder is never taken for it.
 */
class SystemLibrary {
 public:
  /** Throws NativeError when it is not there. `name` is the file's, `winscard.dll` for example. */
  explicit SystemLibrary(const std::wstring& name);

  /** Throws NativeError when this Windows lacks the function. */
  template <typename Function>
  Function* Find(const char* function) const {
    return reinterpret_cast<Function*>(reinterpret_cast<void (*)()>(Address(function)));
  }

 private:
  FARPROC Address(const char* function) const;

  std::wstring name_;
  ModuleHandle module_;
};

}  // namespace vsc
