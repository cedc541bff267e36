// The provider, its keys' names, and the end of handles and buffers.

#include "card/card_transaction.h"
#include "card/container_name.h"
#include "common/readers.h"
#include "common/text.h"
#include "ncrypt/buffers.h"
#include "ncrypt/objects.h"

using namespace lab;

namespace {

/** Keys of the reader that a scope `\\.\reader\` names, or of all readers without one. */
std::vector<CardKey> KeysInScope(LPCWSTR scope, const std::wstring& providerReader) {
  std::wstring only = providerReader;
  if (scope) {
    const std::optional<ContainerName> name = ParseContainerName(scope);
    Require(name && !name->reader.empty() && name->container.empty(), Code(NTE_INVALID_PARAMETER));
    only = name->reader;
  }
  if (!only.empty()) return CardTransaction(only).keys().List();
  std::vector<CardKey> all;
  for (const Reader& reader : ListReaders()) {
    if (!reader.hasCard) continue;
    const std::vector<CardKey> keys = CardTransaction(reader.name).keys().List();
    all.insert(all.end(), keys.begin(), keys.end());
  }
  return all;
}

/** How many there are before one is freed: a test finds out by the last one what was left. */
Json Count(size_t open) {
  return Json(static_cast<uint32_t>(open));
}

}  // namespace

extern "C" {

SECURITY_STATUS WINAPI NCryptOpenStorageProvider(NCRYPT_PROV_HANDLE* provider, LPCWSTR name,
                                                 DWORD flags) {
  Json::Object arguments = {{"name", name ? Json(Utf8(name)) : Json()}, {"flags", flags}};
  return Ncrypt("NCryptOpenStorageProvider", std::move(arguments), [&] {
    Require(provider, Code(NTE_INVALID_PARAMETER));
    AllowFlags(flags, 0);
    // NULL means the software provider, which this DLL does not hold.
    Require(name && SameName(name, MS_SMART_CARD_KEY_STORAGE_PROVIDER), Code(NTE_KEYSET_NOT_DEF));
    *provider = AddProvider(std::make_shared<Provider>());
  });
}

SECURITY_STATUS WINAPI NCryptIsAlgSupported(NCRYPT_PROV_HANDLE provider, LPCWSTR algorithm,
                                            DWORD flags) {
  return Ncrypt("NCryptIsAlgSupported", {}, [&] {
    FindProvider(provider);
    AllowFlags(flags, NCRYPT_SILENT_FLAG);
    Require(algorithm, Code(NTE_INVALID_PARAMETER));
    Require(IsKeyAlgorithm(algorithm), Code(NTE_NOT_SUPPORTED));
  });
}

SECURITY_STATUS WINAPI NCryptEnumKeys(NCRYPT_PROV_HANDLE provider, LPCWSTR scope,
                                      NCryptKeyName** keyName, PVOID* state, DWORD flags) {
  Json::Object arguments = {{"scope", scope ? Json(Utf8(scope)) : Json()}, {"flags", flags}};
  return Ncrypt("NCryptEnumKeys", std::move(arguments), [&] {
    const std::shared_ptr<Provider> found = FindProvider(provider);
    Require(keyName && state, Code(NTE_INVALID_PARAMETER));
    AllowFlags(flags, NCRYPT_SILENT_FLAG | NCRYPT_MACHINE_KEY_FLAG);
    const std::lock_guard<std::mutex> lock(found->mutex);
    if (!*state) *state = NewEnumeration(KeysInScope(scope, found->reader));
    Enumeration& enumeration = FindEnumeration(*state);
    Require(enumeration.next < enumeration.keys.size(), Code(NTE_NO_MORE_ITEMS));
    *keyName = NewKeyName(enumeration.keys[enumeration.next++]);
  });
}

SECURITY_STATUS WINAPI NCryptFreeBuffer(PVOID buffer) {
  Json::Object arguments = {{"openBuffers", Count(OpenBuffers())}};
  return Ncrypt("NCryptFreeBuffer", std::move(arguments), [&] { FreeBuffer(buffer); });
}

SECURITY_STATUS WINAPI NCryptFreeObject(NCRYPT_HANDLE object) {
  Json::Object arguments = {{"openHandles", Count(OpenHandles())}};
  return Ncrypt("NCryptFreeObject", std::move(arguments), [&] { FreeHandle(object); });
}

WINBOOL WINAPI NCryptIsKeyHandle(NCRYPT_KEY_HANDLE key) {
  return IsKey(key);
}

}  // extern "C"
