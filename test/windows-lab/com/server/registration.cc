#include "server/registration.h"

#include <objbase.h>

#include <string>

namespace lab {

const CLSID kLocalManagerClass = {
    0x16A18E86, 0x7F6E, 0x4C20, {0xAD, 0x89, 0x4F, 0xFC, 0x0D, 0xB7, 0xA9, 0x6A}};
const CLSID kRemoteManagerClass = {
    0x152EA2A8, 0x70DC, 0x4C59, {0x8B, 0x2A, 0x32, 0xAA, 0x3C, 0xA0, 0xDC, 0xAC}};

namespace {

LSTATUS RegisterClass(const CLSID& classId, const std::wstring& program) {
  wchar_t id[39];
  StringFromGUID2(classId, id, 39);
  const std::wstring key = L"Software\\Classes\\CLSID\\" + std::wstring(id) + L"\\LocalServer32";
  const DWORD size = static_cast<DWORD>((program.size() + 1) * sizeof(wchar_t));
  return RegSetKeyValueW(HKEY_LOCAL_MACHINE, key.c_str(), nullptr, REG_SZ, program.c_str(), size);
}

}  // namespace

LSTATUS RegisterClasses() {
  wchar_t program[MAX_PATH];
  if (GetModuleFileNameW(nullptr, program, MAX_PATH) == 0) return ERROR_PATH_NOT_FOUND;
  const LSTATUS status = RegisterClass(kLocalManagerClass, program);
  return status == ERROR_SUCCESS ? RegisterClass(kRemoteManagerClass, program) : status;
}

}  // namespace lab
