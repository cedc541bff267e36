#include "server/reader_node.h"

#include <windows.h>

#include <stdexcept>
#include <thread>

namespace lab {
namespace {

constexpr wchar_t kEnumKey[] = L"System\\CurrentControlSet\\Enum\\";
constexpr wchar_t kReaderClass[] = L"{50DD5230-BA8A-11D1-BF5D-0000F805F530}";

void Check(LSTATUS status) {
  if (status != ERROR_SUCCESS) throw std::runtime_error("the registry takes no reader node");
}

void SetText(HKEY key, const wchar_t* name, const std::wstring& text, DWORD type = REG_SZ) {
  const DWORD size = static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t));
  Check(RegSetValueExW(key, name, 0, type, reinterpret_cast<const BYTE*>(text.c_str()), size));
}

void Add(const std::wstring& instanceId, const std::wstring& friendlyName) {
  HKEY key = nullptr;
  Check(RegCreateKeyExW(HKEY_LOCAL_MACHINE, (kEnumKey + instanceId).c_str(), 0, nullptr, 0,
                        KEY_WRITE, nullptr, &key, nullptr));
  try {
    SetText(key, L"Class", L"SmartCardReader");
    SetText(key, L"ClassGUID", kReaderClass);
    SetText(key, L"DeviceDesc", L"Microsoft Smart Card Reader");
    SetText(key, L"FriendlyName", friendlyName);
    // A list of one: the terminator that SetText adds ends the list.
    SetText(key, L"HardwareID", std::wstring(L"ROOT\\VirtualSmartCardReader") + L'\0',
            REG_MULTI_SZ);
    RegCloseKey(key);
  } catch (...) {
    RegCloseKey(key);
    throw;
  }
}

}  // namespace

std::mutex& CardsAndNodes() {
  static std::mutex mutex;
  return mutex;
}

void AddReaderNode(const std::wstring& instanceId, const std::wstring& friendlyName,
                   unsigned lagMs) {
  if (lagMs == 0) return Add(instanceId, friendlyName);
  std::thread([instanceId, friendlyName, lagMs] {
    Sleep(lagMs);
    Add(instanceId, friendlyName);
  }).detach();
}

void RemoveReaderNode(const std::wstring& instanceId) {
  const LSTATUS status = RegDeleteTreeW(HKEY_LOCAL_MACHINE, (kEnumKey + instanceId).c_str());
  if (status != ERROR_FILE_NOT_FOUND) Check(status);
}

}  // namespace lab
