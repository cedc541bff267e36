// Making, opening, exporting and deleting keys.

#include "card/card_transaction.h"
#include "card/container_name.h"
#include "common/readers.h"
#include "common/text.h"
#include "ncrypt/objects.h"
#include "ncrypt/output.h"

using namespace lab;

namespace {

/** Without a length asked for, the smart card KSP makes RSA keys of 1024 bits. */
constexpr uint32_t kDefaultRsaBits = 1024;

bool IsLegacyKeySpec(DWORD spec) {
  return spec == 0 || spec == AT_KEYEXCHANGE || spec == AT_SIGNATURE;
}

/** The name's reader, else the provider's, else the first with a card. */
std::wstring ChooseReader(const ContainerName& name, Provider& provider) {
  if (!name.reader.empty()) return FindReader(name.reader).name;
  const std::lock_guard<std::mutex> lock(provider.mutex);
  if (!provider.reader.empty()) return provider.reader;
  for (const Reader& reader : ListReaders()) {
    if (reader.hasCard) return reader.name;
  }
  throw StatusError(Code(SCARD_E_NO_READERS_AVAILABLE));
}

/** The key and its reader; a bare name is looked for on every card. */
std::shared_ptr<Key> OpenOnCard(const ContainerName& name, Provider& provider) {
  std::vector<std::wstring> readers;
  {
    const std::lock_guard<std::mutex> lock(provider.mutex);
    if (!name.reader.empty())
      readers.push_back(FindReader(name.reader).name);
    else if (!provider.reader.empty())
      readers.push_back(provider.reader);
  }
  if (readers.empty()) {
    for (const Reader& reader : ListReaders()) {
      if (reader.hasCard) readers.push_back(reader.name);
    }
  }
  for (const std::wstring& reader : readers) {
    const std::optional<CardKey> found = CardTransaction(reader).keys().Find(name.container);
    if (!found) continue;
    auto key = std::make_shared<Key>();
    key->reader = reader;
    key->container = found->container;
    key->algorithm = found->type.algorithm;
    key->bits = found->type.bits;
    key->isKeyExchange = found->isKeyExchange;
    key->card = found;
    return key;
  }
  throw StatusError(Code(NTE_BAD_KEYSET));
}

Bytes RsaPublicBlob(const PublicKeyParts& parts) {
  BCRYPT_RSAKEY_BLOB header = {};
  header.Magic = BCRYPT_RSAPUBLIC_MAGIC;
  header.BitLength = static_cast<ULONG>(parts.modulus.size() * 8);
  header.cbPublicExp = static_cast<ULONG>(parts.exponent.size());
  header.cbModulus = static_cast<ULONG>(parts.modulus.size());
  const uint8_t* const start = reinterpret_cast<const uint8_t*>(&header);
  return Bytes(start, start + sizeof header) + parts.exponent + parts.modulus;
}

Bytes EccPublicBlob(const PublicKeyParts& parts, uint32_t bits) {
  BCRYPT_ECCKEY_BLOB header = {};
  header.dwMagic = bits == 256 ? BCRYPT_ECDSA_PUBLIC_P256_MAGIC : BCRYPT_ECDSA_PUBLIC_P384_MAGIC;
  header.cbKey = bits / 8;
  const uint8_t* const start = reinterpret_cast<const uint8_t*>(&header);
  return Bytes(start, start + sizeof header) + parts.point;
}

}  // namespace

extern "C" {

SECURITY_STATUS WINAPI NCryptCreatePersistedKey(NCRYPT_PROV_HANDLE provider, NCRYPT_KEY_HANDLE* key,
                                                LPCWSTR algorithm, LPCWSTR name,
                                                DWORD legacyKeySpec, DWORD flags) {
  Json::Object arguments = {{"algorithm", algorithm ? Json(Utf8(algorithm)) : Json()},
                            {"name", name ? Json(Utf8(name)) : Json()},
                            {"legacyKeySpec", legacyKeySpec},
                            {"flags", flags}};
  return Ncrypt("NCryptCreatePersistedKey", std::move(arguments), [&] {
    const std::shared_ptr<Provider> found = FindProvider(provider);
    Require(key && algorithm, Code(NTE_INVALID_PARAMETER));
    Require(IsLegacyKeySpec(legacyKeySpec), Code(NTE_INVALID_PARAMETER));
    // Silence is asked for when the key is finalized.
    AllowFlags(flags, NCRYPT_MACHINE_KEY_FLAG | NCRYPT_OVERWRITE_KEY_FLAG);
    Require(IsKeyAlgorithm(algorithm), Code(NTE_NOT_SUPPORTED));
    // A key without a name is one for this process only, which a card does not have.
    Require(name, Code(NTE_NOT_SUPPORTED));
    const std::optional<ContainerName> parsed = ParseContainerName(name);
    Require(parsed.has_value(), Code(NTE_INVALID_PARAMETER));
    auto made = std::make_shared<Key>();
    made->provider = provider;
    made->reader = ChooseReader(*parsed, *found);
    made->container = parsed->container.empty() ? RandomContainerName() : parsed->container;
    made->algorithm = algorithm;
    made->bits = made->algorithm == L"RSA"          ? kDefaultRsaBits
                 : made->algorithm == L"ECDSA_P256" ? 256
                                                    : 384;
    made->isKeyExchange =
        legacyKeySpec == AT_KEYEXCHANGE || (legacyKeySpec == 0 && made->algorithm == L"RSA");
    // A container is never overwritten, whatever the flags say (SCARCH, "Container operations").
    CardTransaction card(made->reader);
    Require(!card.keys().Find(made->container), Code(NTE_EXISTS));
    *key = AddKey(std::move(made));
  });
}

SECURITY_STATUS WINAPI NCryptOpenKey(NCRYPT_PROV_HANDLE provider, NCRYPT_KEY_HANDLE* key,
                                     LPCWSTR name, DWORD legacyKeySpec, DWORD flags) {
  Json::Object arguments = {{"name", name ? Json(Utf8(name)) : Json()},
                            {"legacyKeySpec", legacyKeySpec},
                            {"flags", flags}};
  return Ncrypt("NCryptOpenKey", std::move(arguments), [&] {
    const std::shared_ptr<Provider> found = FindProvider(provider);
    Require(key && name, Code(NTE_INVALID_PARAMETER));
    Require(IsLegacyKeySpec(legacyKeySpec), Code(NTE_INVALID_PARAMETER));
    AllowFlags(flags, NCRYPT_SILENT_FLAG | NCRYPT_MACHINE_KEY_FLAG);
    const std::optional<ContainerName> parsed = ParseContainerName(name);
    Require(parsed.has_value(), Code(NTE_INVALID_PARAMETER));
    const std::shared_ptr<Key> opened = OpenOnCard(*parsed, *found);
    const bool specFits =
        legacyKeySpec == 0 || (legacyKeySpec == AT_KEYEXCHANGE) == opened->isKeyExchange;
    Require(specFits, Code(NTE_BAD_KEYSET));
    opened->provider = provider;
    *key = AddKey(opened);
  });
}

SECURITY_STATUS WINAPI NCryptFinalizeKey(NCRYPT_KEY_HANDLE key, DWORD flags) {
  return Ncrypt("NCryptFinalizeKey", {{"flags", flags}}, [&] {
    const std::shared_ptr<Key> found = FindKey(key);
    AllowFlags(flags, NCRYPT_SILENT_FLAG);
    const std::lock_guard<std::mutex> lock(found->mutex);
    Require(!found->card, Code(NTE_BAD_KEY_STATE));
    const std::optional<KeyType> type = FindKeyType(found->algorithm, found->bits);
    Require(type.has_value(), Code(NTE_NOT_SUPPORTED));
    CardTransaction card(found->reader);
    card.VerifyCachedPin(IsSilent(flags));
    found->card = card.keys().Create(found->container, *type, found->isKeyExchange);
  });
}

SECURITY_STATUS WINAPI NCryptExportKey(NCRYPT_KEY_HANDLE key, NCRYPT_KEY_HANDLE exportKey,
                                       LPCWSTR blobType, NCryptBufferDesc* parameters, PBYTE out,
                                       DWORD room, DWORD* size, DWORD flags) {
  return Ncrypt("NCryptExportKey", {{"flags", flags}}, [&] {
    const std::shared_ptr<Key> found = FindKey(key);
    AllowFlags(flags, NCRYPT_SILENT_FLAG);
    Require(blobType && exportKey == 0 && !parameters, Code(NTE_INVALID_PARAMETER));
    const std::lock_guard<std::mutex> lock(found->mutex);
    const CardKey& onCard = Finalized(*found);
    const bool isRsa = onCard.type.isRsa();
    const wchar_t* const expected = isRsa ? BCRYPT_RSAPUBLIC_BLOB : BCRYPT_ECCPUBLIC_BLOB;
    // Private keys do not leave a card, and each kind has one public blob here.
    Require(std::wstring(blobType) == expected, Code(NTE_NOT_SUPPORTED));
    const PublicKeyParts parts = CardTransaction(found->reader).keys().ReadPublicKey(onCard);
    DeliverOutput(isRsa ? RsaPublicBlob(parts) : EccPublicBlob(parts, onCard.type.bits), out, room,
                  size);
  });
}

SECURITY_STATUS WINAPI NCryptDeleteKey(NCRYPT_KEY_HANDLE key, DWORD flags) {
  return Ncrypt("NCryptDeleteKey", {{"flags", flags}}, [&] {
    const std::shared_ptr<Key> found = FindKey(key);
    AllowFlags(flags, NCRYPT_SILENT_FLAG);
    {
      const std::lock_guard<std::mutex> lock(found->mutex);
      CardTransaction card(found->reader);
      const std::optional<CardKey> onCard = card.keys().Find(Finalized(*found).container);
      Require(onCard.has_value(), Code(NTE_BAD_KEYSET));
      card.VerifyCachedPin(IsSilent(flags));
      card.keys().Delete(*onCard);
    }
    // Success frees the handle too.
    FreeHandle(key);
  });
}

}  // extern "C"
