#pragma once

#include <windows.h>
// After windows.h, whose types they need.
#include <bcrypt.h>
#include <ncrypt.h>

#include "windows/system/system_library.h"

namespace vsc {

/** The functions of ncrypt.dll (CNG's key storage) that the addon calls. */
class NcryptLibrary {
 public:
  /** Loaded at the first use, for the process's life. Throws NativeError. */
  static const NcryptLibrary& Get();

  NcryptLibrary();

  decltype(&::NCryptOpenStorageProvider) OpenStorageProvider;
  decltype(&::NCryptFreeObject) FreeObject;
  decltype(&::NCryptFreeBuffer) FreeBuffer;
  decltype(&::NCryptEnumKeys) EnumKeys;
  decltype(&::NCryptOpenKey) OpenKey;
  decltype(&::NCryptCreatePersistedKey) CreatePersistedKey;
  decltype(&::NCryptFinalizeKey) FinalizeKey;
  decltype(&::NCryptDeleteKey) DeleteKey;
  decltype(&::NCryptExportKey) ExportKey;
  decltype(&::NCryptGetProperty) GetProperty;
  decltype(&::NCryptSetProperty) SetProperty;
  decltype(&::NCryptSignHash) SignHash;
  decltype(&::NCryptDecrypt) Decrypt;

 private:
  SystemLibrary library_;
};

}  // namespace vsc
