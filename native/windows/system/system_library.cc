#include "windows/system/system_library.h"

#include "windows/system/wide_string.h"

namespace vsc {

namespace {

std::wstring SystemFolder() {
  std::wstring folder(MAX_PATH, L'\0');
  const UINT length = GetSystemDirectoryW(folder.data(), MAX_PATH);
  if (length == 0 || length >= MAX_PATH) throw LastError("find the system's folder");
  folder.resize(length);
  return folder;
}

ModuleHandle Load(const std::wstring& path) {
  return ModuleHandle(LoadLibraryExW(path.c_str(), nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32));
}

/** Without `..` and the like; empty when it is no path. */
std::wstring WholePath(const std::wstring& path) {
  std::wstring whole(path.size() + MAX_PATH, L'\0');
  const DWORD length =
      GetFullPathNameW(path.c_str(), static_cast<DWORD>(whole.size()), whole.data(), nullptr);
  whole.resize(length < whole.size() ? length : 0);
  return whole;
}

bool IsBelow(const std::wstring& folder, const std::wstring& path) {
  const std::wstring start = folder + L"\\";
  const int length = static_cast<int>(start.size());
  return path.size() > start.size() &&
         CompareStringOrdinal(path.data(), length, start.data(), length, TRUE) == CSTR_EQUAL;
}

}  // namespace

ModuleHandle LoadSystemModule(const std::wstring& file) {
  const std::wstring folder = SystemFolder();
  if (file.find_first_of(L"\\/:") == std::wstring::npos) return Load(folder + L"\\" + file);
  const std::wstring path = WholePath(file);
  return IsBelow(folder, path) ? Load(path) : ModuleHandle();
}

SystemLibrary::SystemLibrary(const std::wstring& name)
    : name_(name), module_(Load(SystemFolder() + L"\\" + name)) {
  if (!module_) throw LastError("load " + ToUtf8(name_));
}

FARPROC SystemLibrary::Address(const char* function) const {
  const FARPROC address = GetProcAddress(module_.get(), function);
  if (address == nullptr) {
    throw LastError("find " + std::string(function) + " in " + ToUtf8(name_));
  }
  return address;
}

}  // namespace vsc
