// Calls the ncrypt double as a program does that uses Windows' smart card key storage provider.
// `sign` makes keys and prints public keys and signatures, `decrypt` opens what was encrypted to
// one of them, `rules` breaks the rules, `delete` ends the keys, `open` uses a key of others'
// making.

#include <windows.h>
#include <ncrypt.h>
#include <wincrypt.h>
#include <winscard.h>

#include <cstdio>
#include <thread>
#include <vector>

#include "selftest/check.h"

using namespace lab;

namespace {

constexpr wchar_t kRsaContainer[] = L"RSA key";
constexpr wchar_t kEcContainer[] = L"EC key";

NCRYPT_PROV_HANDLE OpenProvider() {
  NCRYPT_PROV_HANDLE provider = 0;
  EQUAL(NCryptOpenStorageProvider(&provider, MS_SMART_CARD_KEY_STORAGE_PROVIDER, 0), 0);
  return provider;
}

std::wstring Name(const std::wstring& container) {
  return L"\\\\.\\" + Setting(L"SELFTEST_READER") + L"\\" + container;
}

SECURITY_STATUS SetString(NCRYPT_HANDLE object, LPCWSTR property, const std::wstring& value) {
  const PBYTE bytes = reinterpret_cast<PBYTE>(const_cast<wchar_t*>(value.c_str()));
  const DWORD size = static_cast<DWORD>((value.size() + 1) * sizeof(wchar_t));
  return NCryptSetProperty(object, property, bytes, size, NCRYPT_SILENT_FLAG);
}

SECURITY_STATUS SetNumber(NCRYPT_HANDLE object, LPCWSTR property, DWORD value) {
  return NCryptSetProperty(object, property, reinterpret_cast<PBYTE>(&value), sizeof value, 0);
}

Bytes GetProperty(NCRYPT_HANDLE object, LPCWSTR property, SECURITY_STATUS expected = 0) {
  DWORD size = 0;
  EQUAL(NCryptGetProperty(object, property, nullptr, 0, &size, NCRYPT_SILENT_FLAG), expected);
  Bytes value(size);
  if (expected != 0 || size == 0) return {};
  BYTE one = 0;
  if (size > 1) {
    EQUAL(NCryptGetProperty(object, property, &one, 1, &size, 0), NTE_BUFFER_TOO_SMALL);
  }
  EQUAL(NCryptGetProperty(object, property, value.data(), size, &size, 0), 0);
  return value;
}

std::wstring GetString(NCRYPT_HANDLE object, LPCWSTR property) {
  const Bytes value = GetProperty(object, property);
  return value.empty() ? L"" : reinterpret_cast<const wchar_t*>(value.data());
}

NCRYPT_KEY_HANDLE Open(NCRYPT_PROV_HANDLE provider, const std::wstring& name,
                       SECURITY_STATUS expected = 0) {
  NCRYPT_KEY_HANDLE key = 0;
  EQUAL(NCryptOpenKey(provider, &key, name.c_str(), 0, NCRYPT_SILENT_FLAG), expected);
  return key;
}

Bytes ExportPublic(NCRYPT_KEY_HANDLE key, LPCWSTR type) {
  DWORD size = 0;
  EQUAL(NCryptExportKey(key, 0, type, nullptr, nullptr, 0, &size, 0), 0);
  Bytes blob(size);
  EQUAL(NCryptExportKey(key, 0, type, nullptr, blob.data(), size, &size, 0), 0);
  return blob;
}

Bytes Sign(NCRYPT_KEY_HANDLE key, void* padding, const Bytes& digest, DWORD flags,
           SECURITY_STATUS expected = 0) {
  Bytes signature(512);
  DWORD size = 0;
  EQUAL(NCryptSignHash(key, padding, const_cast<PBYTE>(digest.data()),
                       static_cast<DWORD>(digest.size()), signature.data(),
                       static_cast<DWORD>(signature.size()), &size, flags | NCRYPT_SILENT_FLAG),
        expected);
  signature.resize(expected == 0 ? size : 0);
  return signature;
}

NCRYPT_KEY_HANDLE Create(NCRYPT_PROV_HANDLE provider, LPCWSTR algorithm, const wchar_t* container,
                         DWORD bits) {
  NCRYPT_KEY_HANDLE key = 0;
  EQUAL(NCryptCreatePersistedKey(provider, &key, algorithm, Name(container).c_str(), AT_KEYEXCHANGE,
                                 0),
        0);
  if (bits) EQUAL(SetNumber(key, NCRYPT_LENGTH_PROPERTY, bits), 0);
  EQUAL(NCryptFinalizeKey(key, NCRYPT_SILENT_FLAG), 0);
  return key;
}

void SignWithKeys() {
  const NCRYPT_PROV_HANDLE provider = OpenProvider();
  NCRYPT_KEY_HANDLE withoutPin = 0;
  EQUAL(NCryptCreatePersistedKey(provider, &withoutPin, BCRYPT_RSA_ALGORITHM,
                                 Name(kRsaContainer).c_str(), AT_KEYEXCHANGE, 0),
        0);
  EQUAL(NCryptFinalizeKey(withoutPin, NCRYPT_SILENT_FLAG), NTE_SILENT_CONTEXT);
  EQUAL(NCryptFinalizeKey(withoutPin, 0), NTE_UI_REQUIRED);
  // The PIN that one handle is given serves all of the process.
  EQUAL(SetString(withoutPin, NCRYPT_PIN_PROPERTY, Setting(L"SELFTEST_PIN")), 0);
  EQUAL(NCryptFreeObject(withoutPin), 0);

  const Bytes digest = BytesSetting(L"SELFTEST_SHA256");
  const NCRYPT_KEY_HANDLE rsa = Create(provider, BCRYPT_RSA_ALGORITHM, kRsaContainer, 2048);
  EQUAL(NCryptFinalizeKey(rsa, NCRYPT_SILENT_FLAG), NTE_BAD_KEY_STATE);
  EQUAL(SetNumber(rsa, NCRYPT_LENGTH_PROPERTY, 1024), NTE_BAD_KEY_STATE);
  TRUE_THAT(GetString(rsa, NCRYPT_UNIQUE_NAME_PROPERTY) == Name(kRsaContainer));
  TRUE_THAT(GetString(rsa, NCRYPT_NAME_PROPERTY) == kRsaContainer);
  TRUE_THAT(GetString(rsa, NCRYPT_ALGORITHM_PROPERTY) == L"RSA");
  TRUE_THAT(GetString(rsa, NCRYPT_READER_PROPERTY) == Setting(L"SELFTEST_READER"));
  TRUE_THAT(GetProperty(rsa, NCRYPT_LENGTH_PROPERTY) == Bytes({0, 8, 0, 0}));
  EQUAL(GetProperty(rsa, NCRYPT_SMARTCARD_GUID_PROPERTY).size(), 16);
  GetProperty(rsa, NCRYPT_PIN_PROPERTY, NTE_NOT_SUPPORTED);
  GetProperty(rsa, NCRYPT_CERTIFICATE_PROPERTY, NTE_NOT_FOUND);
  Bytes certificate = BytesSetting(L"SELFTEST_CERTIFICATE");
  EQUAL(NCryptSetProperty(rsa, NCRYPT_CERTIFICATE_PROPERTY, certificate.data(),
                          static_cast<DWORD>(certificate.size()), NCRYPT_SILENT_FLAG),
        0);
  TRUE_THAT(GetProperty(rsa, NCRYPT_CERTIFICATE_PROPERTY) == certificate);
  EQUAL(NCryptSetProperty(rsa, NCRYPT_CERTIFICATE_PROPERTY, certificate.data(),
                          static_cast<DWORD>(certificate.size() - 1), NCRYPT_SILENT_FLAG),
        NTE_INVALID_PARAMETER);

  BCRYPT_PKCS1_PADDING_INFO pkcs1 = {BCRYPT_SHA256_ALGORITHM};
  BCRYPT_PSS_PADDING_INFO pss = {BCRYPT_SHA256_ALGORITHM, 32};
  Report("rsa", ExportPublic(rsa, BCRYPT_RSAPUBLIC_BLOB));
  Report("pkcs1", Sign(rsa, &pkcs1, digest, NCRYPT_PAD_PKCS1_FLAG));
  Report("pss", Sign(rsa, &pss, digest, NCRYPT_PAD_PSS_FLAG));

  const NCRYPT_KEY_HANDLE ec = Create(provider, BCRYPT_ECDSA_P256_ALGORITHM, kEcContainer, 0);
  Report("ec", ExportPublic(ec, BCRYPT_ECCPUBLIC_BLOB));
  Report("ecdsa", Sign(ec, nullptr, digest, 0));
  EQUAL(NCryptFreeObject(rsa), 0);
  EQUAL(NCryptFreeObject(rsa), NTE_INVALID_HANDLE);
  EQUAL(NCryptFreeObject(ec), 0);
  EQUAL(NCryptFreeObject(provider), 0);
}

void Decrypt() {
  const NCRYPT_PROV_HANDLE provider = OpenProvider();
  const NCRYPT_KEY_HANDLE key = Open(provider, Name(L""));
  EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, Setting(L"SELFTEST_PIN")), 0);
  BCRYPT_OAEP_PADDING_INFO oaep = {BCRYPT_SHA256_ALGORITHM, nullptr, 0};
  const struct {
    const wchar_t* setting;
    const char* name;
    void* padding;
    DWORD flag;
  } kCases[] = {{L"SELFTEST_PKCS1", "pkcs1", nullptr, NCRYPT_PAD_PKCS1_FLAG},
                {L"SELFTEST_OAEP", "oaep", &oaep, NCRYPT_PAD_OAEP_FLAG}};
  for (const auto& each : kCases) {
    Bytes ciphertext = BytesSetting(each.setting);
    Bytes plain(256);
    DWORD size = 0;
    EQUAL(NCryptDecrypt(key, ciphertext.data(), static_cast<DWORD>(ciphertext.size()), each.padding,
                        plain.data(), 256, &size, each.flag | NCRYPT_SILENT_FLAG),
          0);
    plain.resize(size);
    Report(each.name, plain);
    ciphertext[10] ^= 1;
    EQUAL(NCryptDecrypt(key, ciphertext.data(), static_cast<DWORD>(ciphertext.size()), each.padding,
                        plain.data(), 256, &size, each.flag | NCRYPT_SILENT_FLAG),
          NTE_BAD_DATA);
    EQUAL(NCryptDecrypt(key, ciphertext.data(), 12, each.padding, plain.data(), 256, &size,
                        each.flag | NCRYPT_SILENT_FLAG),
          NTE_INVALID_PARAMETER);
  }
  EQUAL(NCryptFreeObject(key), 0);
}

int CountKeys(NCRYPT_PROV_HANDLE provider, const wchar_t* scope) {
  NCryptKeyName* name = nullptr;
  void* state = nullptr;
  int count = 0;
  SECURITY_STATUS status = 0;
  while ((status = NCryptEnumKeys(provider, scope, &name, &state, NCRYPT_SILENT_FLAG)) == 0) {
    TRUE_THAT(std::wstring(name->pszName) == (count == 0 ? kRsaContainer : kEcContainer));
    EQUAL(name->dwLegacyKeySpec, AT_KEYEXCHANGE);
    EQUAL(NCryptFreeBuffer(name), 0);
    EQUAL(NCryptFreeBuffer(name), NTE_INVALID_PARAMETER);
    count++;
  }
  EQUAL(status, NTE_NO_MORE_ITEMS);
  EQUAL(NCryptFreeBuffer(state), 0);
  return count;
}

void BreakRules() {
  NCRYPT_PROV_HANDLE provider = 0;
  EQUAL(NCryptOpenStorageProvider(&provider, L"No such provider", 0), NTE_KEYSET_NOT_DEF);
  EQUAL(NCryptOpenStorageProvider(nullptr, MS_SMART_CARD_KEY_STORAGE_PROVIDER, 0),
        NTE_INVALID_PARAMETER);
  EQUAL(
      NCryptOpenStorageProvider(&provider, MS_SMART_CARD_KEY_STORAGE_PROVIDER, NCRYPT_SILENT_FLAG),
      NTE_BAD_FLAGS);
  provider = OpenProvider();
  EQUAL(CountKeys(provider, Name(L"").c_str()), 2);
  EQUAL(CountKeys(provider, nullptr), 2);
  NCryptKeyName* name = nullptr;
  void* state = nullptr;
  EQUAL(NCryptEnumKeys(provider, L"\\\\.\\No such reader\\", &name, &state, NCRYPT_SILENT_FLAG),
        SCARD_E_UNKNOWN_READER);
  EQUAL(NCryptEnumKeys(provider, L"not a scope", &name, &state, NCRYPT_SILENT_FLAG),
        NTE_INVALID_PARAMETER);

  NCRYPT_KEY_HANDLE key = 0;
  EQUAL(NCryptCreatePersistedKey(provider, &key, BCRYPT_RSA_ALGORITHM, Name(kEcContainer).c_str(),
                                 AT_SIGNATURE, NCRYPT_OVERWRITE_KEY_FLAG),
        NTE_EXISTS);
  EQUAL(NCryptCreatePersistedKey(provider, &key, BCRYPT_RSA_ALGORITHM, nullptr, 0, 0),
        NTE_NOT_SUPPORTED);
  EQUAL(NCryptCreatePersistedKey(provider, &key, BCRYPT_RSA_ALGORITHM, Name(L"x").c_str(), 0,
                                 NCRYPT_SILENT_FLAG),
        NTE_BAD_FLAGS);
  EQUAL(NCryptCreatePersistedKey(provider, &key, BCRYPT_AES_ALGORITHM, Name(L"x").c_str(), 0, 0),
        NTE_NOT_SUPPORTED);
  EQUAL(NCryptCreatePersistedKey(provider, &key, BCRYPT_RSA_ALGORITHM,
                                 Name(std::wstring(40, L'x')).c_str(), 0, 0),
        NTE_INVALID_PARAMETER);
  Open(provider, Name(L"No such container"), NTE_BAD_KEYSET);
  Open(provider, L"\\\\.\\No such reader\\x", SCARD_E_UNKNOWN_READER);
  EQUAL(NCryptOpenKey(provider, &key, Name(kRsaContainer).c_str(), AT_SIGNATURE, 0),
        NTE_BAD_KEYSET);
  EQUAL(NCryptOpenKey(provider, &key, Name(kRsaContainer).c_str(), 0, 0x8000), NTE_BAD_FLAGS);

  key = Open(provider, kRsaContainer);
  TRUE_THAT(NCryptIsKeyHandle(key));
  TRUE_THAT(!NCryptIsKeyHandle(provider));
  const Bytes digest(32, 7);
  BCRYPT_PKCS1_PADDING_INFO pkcs1 = {BCRYPT_SHA256_ALGORITHM};
  BCRYPT_PKCS1_PADDING_INFO longer = {BCRYPT_SHA384_ALGORITHM};
  BCRYPT_PSS_PADDING_INFO salty = {BCRYPT_SHA256_ALGORITHM, 300};
  Sign(key, &pkcs1, digest, NCRYPT_PAD_PKCS1_FLAG, NTE_SILENT_CONTEXT);
  Sign(key, nullptr, digest, 0, NTE_BAD_FLAGS);
  Sign(key, nullptr, digest, NCRYPT_PAD_PKCS1_FLAG, NTE_INVALID_PARAMETER);
  Sign(key, &longer, digest, NCRYPT_PAD_PKCS1_FLAG, NTE_INVALID_PARAMETER);
  Sign(key, &salty, digest, NCRYPT_PAD_PSS_FLAG, NTE_INVALID_PARAMETER);
  const std::wstring pin = Setting(L"SELFTEST_PIN");
  std::wstring wrong = pin;
  wrong[0] = wrong[0] == L'1' ? L'2' : L'1';
  EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, wrong), 0);
  Sign(key, &pkcs1, digest, NCRYPT_PAD_PKCS1_FLAG, SCARD_W_WRONG_CHV);
  // The wrong PIN was dropped: it is not tried a second time.
  Sign(key, &pkcs1, digest, NCRYPT_PAD_PKCS1_FLAG, NTE_SILENT_CONTEXT);
  EQUAL(NCryptSetProperty(key, NCRYPT_PIN_PROPERTY,
                          reinterpret_cast<PBYTE>(const_cast<wchar_t*>(pin.c_str())),
                          static_cast<DWORD>(pin.size() * sizeof(wchar_t)), 0),
        NTE_INVALID_PARAMETER);
  EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, pin), 0);
  Sign(key, &pkcs1, digest, NCRYPT_PAD_PKCS1_FLAG);
  EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, L""), 0);
  Sign(key, &pkcs1, digest, NCRYPT_PAD_PKCS1_FLAG, NTE_SILENT_CONTEXT);
  // The TPM makes no RSA keys of 4096 bits.
  EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, pin), 0);
  NCRYPT_KEY_HANDLE large = 0;
  EQUAL(NCryptCreatePersistedKey(provider, &large, BCRYPT_RSA_ALGORITHM, Name(L"Large").c_str(),
                                 AT_SIGNATURE, 0),
        0);
  EQUAL(SetNumber(large, NCRYPT_LENGTH_PROPERTY, 1000), NTE_NOT_SUPPORTED);
  EQUAL(SetNumber(large, NCRYPT_LENGTH_PROPERTY, 4096), 0);
  EQUAL(NCryptFinalizeKey(large, NCRYPT_SILENT_FLAG), NTE_NOT_SUPPORTED);
  Open(provider, Name(L"Large"), NTE_BAD_KEYSET);
  EQUAL(NCryptFreeObject(large), 0);
  DWORD size = 0;
  EQUAL(NCryptExportKey(key, 0, BCRYPT_RSAPRIVATE_BLOB, nullptr, nullptr, 0, &size, 0),
        NTE_NOT_SUPPORTED);
  EQUAL(NCryptFreeObject(key), 0);
  Sign(key, &pkcs1, digest, NCRYPT_PAD_PKCS1_FLAG, NTE_INVALID_HANDLE);
}

void DeleteKeys() {
  const NCRYPT_PROV_HANDLE provider = OpenProvider();
  for (const wchar_t* container : {kRsaContainer, kEcContainer}) {
    const NCRYPT_KEY_HANDLE key = Open(provider, Name(container));
    EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, L""), 0);
    EQUAL(NCryptDeleteKey(key, NCRYPT_SILENT_FLAG), NTE_SILENT_CONTEXT);
    EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, Setting(L"SELFTEST_PIN")), 0);
    EQUAL(NCryptDeleteKey(key, NCRYPT_SILENT_FLAG), 0);
    EQUAL(NCryptFreeObject(key), NTE_INVALID_HANDLE);
    Open(provider, Name(container), NTE_BAD_KEYSET);
  }
}

/** Several threads with handles of their own; what they used is free again afterwards. */
void SignWithThreads() {
  constexpr int kThreads = 4;
  constexpr int kSignatures = 25;
  const NCRYPT_PROV_HANDLE provider = OpenProvider();
  const NCRYPT_KEY_HANDLE first = Open(provider, Name(kRsaContainer));
  EQUAL(SetString(first, NCRYPT_PIN_PROPERTY, Setting(L"SELFTEST_PIN")), 0);
  const auto work = [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++) {
      threads.emplace_back([&] {
        const NCRYPT_KEY_HANDLE key = Open(provider, Name(kRsaContainer));
        BCRYPT_PKCS1_PADDING_INFO pkcs1 = {BCRYPT_SHA256_ALGORITHM};
        for (int n = 0; n < kSignatures; n++) {
          EQUAL(Sign(key, &pkcs1, Bytes(32, 7), NCRYPT_PAD_PKCS1_FLAG).size(), 256);
        }
        EQUAL(NCryptFreeObject(key), 0);
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  work();
  DWORD before = 0;
  DWORD after = 0;
  GetProcessHandleCount(GetCurrentProcess(), &before);
  const ULONGLONG started = GetTickCount64();
  work();
  std::printf("milliseconds for each signature: %.2f\n",
              static_cast<double>(GetTickCount64() - started) / (kThreads * kSignatures));
  GetProcessHandleCount(GetCurrentProcess(), &after);
  // A connection for each thread may have joined the pool.
  TRUE_THAT(after <= before + kThreads);
  EQUAL(NCryptFreeObject(first), 0);
}

/** A container that another program made, with a certificate that it compressed. */
void OpenOthersKey() {
  const NCRYPT_PROV_HANDLE provider = OpenProvider();
  const NCRYPT_KEY_HANDLE key = Open(provider, Name(Setting(L"SELFTEST_CONTAINER")));
  TRUE_THAT(GetProperty(key, NCRYPT_CERTIFICATE_PROPERTY) == BytesSetting(L"SELFTEST_CERTIFICATE"));
  EQUAL(SetString(key, NCRYPT_PIN_PROPERTY, Setting(L"SELFTEST_PIN")), 0);
  BCRYPT_PKCS1_PADDING_INFO pkcs1 = {BCRYPT_SHA256_ALGORITHM};
  Report("signature", Sign(key, &pkcs1, BytesSetting(L"SELFTEST_SHA256"), NCRYPT_PAD_PKCS1_FLAG));
  EQUAL(NCryptFreeObject(key), 0);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string part = count == 2 ? arguments[1] : "";
  if (part == "sign") SignWithKeys();
  if (part == "decrypt") Decrypt();
  if (part == "rules") BreakRules();
  if (part == "threads") SignWithThreads();
  if (part == "delete") DeleteKeys();
  if (part == "open") OpenOthersKey();
  return Finish();
}
