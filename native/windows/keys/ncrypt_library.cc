#include "windows/keys/ncrypt_library.h"

#include <type_traits>

namespace vsc {

const NcryptLibrary& NcryptLibrary::Get() {
  static const NcryptLibrary library;
  return library;
}

NcryptLibrary::NcryptLibrary() : library_(L"ncrypt.dll") {
  const auto find = [this](auto& function, const char* name) {
    function =
        library_.Find<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
  };
  find(OpenStorageProvider, "NCryptOpenStorageProvider");
  find(FreeObject, "NCryptFreeObject");
  find(FreeBuffer, "NCryptFreeBuffer");
  find(EnumKeys, "NCryptEnumKeys");
  find(OpenKey, "NCryptOpenKey");
  find(CreatePersistedKey, "NCryptCreatePersistedKey");
  find(FinalizeKey, "NCryptFinalizeKey");
  find(DeleteKey, "NCryptDeleteKey");
  find(ExportKey, "NCryptExportKey");
  find(GetProperty, "NCryptGetProperty");
  find(SetProperty, "NCryptSetProperty");
  find(SignHash, "NCryptSignHash");
  find(Decrypt, "NCryptDecrypt");
}

}  // namespace vsc
