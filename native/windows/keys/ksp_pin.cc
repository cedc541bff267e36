#include "windows/keys/ksp_pin.h"

#include <cstring>

#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

/** A string property's size counts the NUL. */
HRESULT SetText(NCRYPT_HANDLE object, const wchar_t* property, const wchar_t* text,
                std::size_t units) noexcept {
  // The function reads its input; its type does not say so.
  auto* const bytes = reinterpret_cast<PBYTE>(const_cast<wchar_t*>(text));
  return NcryptLibrary::Get().SetProperty(object, property, bytes,
                                          static_cast<DWORD>((units + 1) * sizeof(wchar_t)),
                                          NCRYPT_SILENT_FLAG);
}

/** An empty PIN is how the provider is told to forget the one it has. */
HRESULT DropPin(NCRYPT_HANDLE object) noexcept {
  return SetText(object, NCRYPT_PIN_PROPERTY, L"", 0);
}

}  // namespace

HRESULT OpenSmartCardProvider(NcryptProvider& provider) noexcept {
  return NcryptLibrary::Get().OpenStorageProvider(provider.Receive(),
                                                  MS_SMART_CARD_KEY_STORAGE_PROVIDER, 0);
}

void KspPin::Give(const NcryptKey& key, const SecretBuffer& pin) {
  // The bytes are ASCII: each is a UTF-16 unit.
  SecretBuffer text((pin.size() + 1) * sizeof(wchar_t));
  for (std::size_t i = 0; i <= pin.size(); ++i) {
    const wchar_t unit = i < pin.size() ? pin.data()[i] : L'\0';
    std::memcpy(text.data() + i * sizeof(wchar_t), &unit, sizeof(wchar_t));
  }
  CheckCode(SetText(key.get(), NCRYPT_PIN_PROPERTY, reinterpret_cast<const wchar_t*>(text.data()),
                    pin.size()),
            "give the provider the PIN of the card in the reader " + ToUtf8(reader_));
}

KspPin::~KspPin() {
  if (DropPin(keeper_.get()) == ERROR_SUCCESS) return;
  // What keeps this handle from it (a reset, a key that is gone) need not keep a new one.
  left_ = DropByProvider();
}

HRESULT KspPin::DropByProvider() noexcept {
  NcryptProvider provider;
  HRESULT result = OpenSmartCardProvider(provider);
  if (result == ERROR_SUCCESS) {
    result = SetText(provider.get(), NCRYPT_READER_PROPERTY, reader_.c_str(), reader_.size());
  }
  return result == ERROR_SUCCESS ? DropPin(provider.get()) : result;
}

}  // namespace vsc
