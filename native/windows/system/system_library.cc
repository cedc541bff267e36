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

}  // namespace

SystemLibrary::SystemLibrary(const std::wstring& name)
    : name_(name),
      module_(LoadLibraryExW((SystemFolder() + L"\\" + name).c_str(), nullptr,
                             LOAD_LIBRARY_SEARCH_SYSTEM32)) {
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
