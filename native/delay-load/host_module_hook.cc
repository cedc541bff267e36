// Linked only where the linker does it by delay loading and nobody else brings such a hook: the
// MinGW build. The addon names Node's functions as NODE.EXE's; in Electron, in a renamed node.exe
// and in a single executable they are the program's own.

#include <windows.h>
// After windows.h, whose types it needs.
#include <delayimp.h>

#include <cstring>

namespace {

FARPROC WINAPI TakeProgram(unsigned notification, PDelayLoadInfo info) {
  if (notification != dliNotePreLoadLibrary) return nullptr;
  if (_stricmp(info->szDll, "node.exe") != 0) return nullptr;
  return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
}

}  // namespace

PfnDliHook __pfnDliNotifyHook2 = TakeProgram;
