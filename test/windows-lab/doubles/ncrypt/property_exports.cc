#include "common/text.h"
#include "ncrypt/output.h"
#include "ncrypt/properties.h"

using namespace lab;

namespace {

/** NCRYPT_PERSIST_ONLY_FLAG and NCRYPT_PERSIST_FLAG change nothing for a card's properties. */
constexpr DWORD kGetFlags = NCRYPT_SILENT_FLAG | NCRYPT_PERSIST_ONLY_FLAG;
constexpr DWORD kSetFlags = NCRYPT_SILENT_FLAG | NCRYPT_PERSIST_FLAG;

Json PropertyName(LPCWSTR property) {
  return property ? Json(Utf8(property)) : Json();
}

}  // namespace

extern "C" {

SECURITY_STATUS WINAPI NCryptGetProperty(NCRYPT_HANDLE object, LPCWSTR property, PBYTE out,
                                         DWORD room, DWORD* size, DWORD flags) {
  Json::Object arguments = {{"property", PropertyName(property)}, {"flags", flags}};
  return Ncrypt("NCryptGetProperty", std::move(arguments), [&] {
    Require(property && size, Code(NTE_INVALID_PARAMETER));
    AllowFlags(flags, kGetFlags);
    Bytes value;
    if (IsProvider(object)) {
      const std::shared_ptr<Provider> provider = FindProvider(object);
      const std::lock_guard<std::mutex> lock(provider->mutex);
      value = ProviderProperty(*provider, property);
    } else {
      const std::shared_ptr<Key> key = FindKey(object);
      const std::lock_guard<std::mutex> lock(key->mutex);
      value = KeyProperty(*key, property);
    }
    DeliverOutput(value, out, room, size);
  });
}

SECURITY_STATUS WINAPI NCryptSetProperty(NCRYPT_HANDLE object, LPCWSTR property, PBYTE input,
                                         DWORD inputSize, DWORD flags) {
  // The value is not recorded: it may be a PIN.
  Json::Object arguments = {
      {"property", PropertyName(property)}, {"size", inputSize}, {"flags", flags}};
  return Ncrypt("NCryptSetProperty", std::move(arguments), [&] {
    Require(property && input, Code(NTE_INVALID_PARAMETER));
    AllowFlags(flags, kSetFlags);
    Bytes value(input, input + inputSize);
    if (IsProvider(object)) {
      const std::shared_ptr<Provider> provider = FindProvider(object);
      const std::lock_guard<std::mutex> lock(provider->mutex);
      SetProviderProperty(*provider, property, value);
    } else {
      const std::shared_ptr<Key> key = FindKey(object);
      const std::lock_guard<std::mutex> lock(key->mutex);
      SetKeyProperty(*key, property, value, flags & NCRYPT_SILENT_FLAG);
    }
    Wipe(value);
  });
}

}  // extern "C"
