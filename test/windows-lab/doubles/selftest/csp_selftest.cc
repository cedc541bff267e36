// Calls the legacy provider double through CryptoAPI, as a program of the old kind does.

#include <windows.h>
#include <wincrypt.h>
#include <winscard.h>

#include <algorithm>
#include <cstring>

#include "selftest/check.h"

using namespace lab;

namespace {

constexpr wchar_t kProvider[] = L"Microsoft Base Smart Card Crypto Provider";
constexpr DWORD kDefaultContainerOptional = 0x80;
constexpr DWORD kSmartCardReader = 43;
constexpr DWORD kSmartCardGuid = 45;

std::wstring Name(const std::wstring& container) {
  return L"\\\\.\\" + Setting(L"SELFTEST_READER") + L"\\" + container;
}

/** The error of a call that gave `done`; 0 for success. */
DWORD Outcome(BOOL done) {
  return done ? 0 : GetLastError();
}

HCRYPTPROV Acquire(const std::wstring& name, DWORD flags, DWORD expected = 0) {
  HCRYPTPROV context = 0;
  const BOOL done = CryptAcquireContextW(&context, name.c_str(), kProvider, PROV_RSA_FULL, flags);
  EQUAL(Outcome(done), expected);
  return context;
}

std::string GetText(HCRYPTPROV context, DWORD parameter) {
  BYTE text[256] = {};
  DWORD size = sizeof text;
  EQUAL(Outcome(CryptGetProvParam(context, parameter, text, &size, 0)), 0);
  return reinterpret_cast<const char*>(text);
}

/** The way that Windows documents for making a container silently. */
HCRYPTPROV CreateContainer() {
  Acquire(Name(L"Legacy"), CRYPT_NEWKEYSET | CRYPT_SILENT, NTE_SILENT_CONTEXT);
  Acquire(Name(L""), CRYPT_SILENT, NTE_BAD_KEYSET);
  const HCRYPTPROV reader = Acquire(Name(L""), kDefaultContainerOptional | CRYPT_SILENT);
  const Bytes pin = AsciiSetting(L"SELFTEST_PIN") + Bytes{0};
  EQUAL(Outcome(CryptSetProvParam(reader, PP_KEYEXCHANGE_PIN, pin.data(), 0)), 0);
  EQUAL(Outcome(CryptReleaseContext(reader, 0)), 0);
  return Acquire(Name(L"Legacy"), CRYPT_NEWKEYSET | CRYPT_SILENT);
}

void CheckKey(HCRYPTPROV context) {
  HCRYPTKEY key = 0;
  EQUAL(Outcome(CryptGetUserKey(context, AT_KEYEXCHANGE, &key)), NTE_NO_KEY);
  EQUAL(Outcome(CryptGenKey(context, AT_KEYEXCHANGE, 2048 << 16 | CRYPT_EXPORTABLE, &key)),
        NTE_BAD_FLAGS);
  EQUAL(Outcome(CryptGenKey(context, CALG_AES_128, 0, &key)), NTE_BAD_ALGID);
  EQUAL(Outcome(CryptGenKey(context, AT_KEYEXCHANGE, 2048 << 16, &key)), 0);
  EQUAL(Outcome(CryptDestroyKey(key)), 0);
  EQUAL(Outcome(CryptGetUserKey(context, AT_SIGNATURE, &key)), NTE_NO_KEY);
  EQUAL(Outcome(CryptGetUserKey(context, AT_KEYEXCHANGE, &key)), 0);

  Bytes blob(1024);
  DWORD size = 4;
  EQUAL(Outcome(CryptExportKey(key, 0, PUBLICKEYBLOB, 0, blob.data(), &size)), ERROR_MORE_DATA);
  size = static_cast<DWORD>(blob.size());
  EQUAL(Outcome(CryptExportKey(key, 0, PUBLICKEYBLOB, 0, blob.data(), &size)), 0);
  blob.resize(size);
  Report("key", blob);
  EQUAL(Outcome(CryptExportKey(key, 0, PRIVATEKEYBLOB, 0, nullptr, &size)), NTE_BAD_TYPE);

  size = 0;
  EQUAL(Outcome(CryptGetKeyParam(key, KP_CERTIFICATE, nullptr, &size, 0)), NTE_NOT_FOUND);
  const Bytes certificate = BytesSetting(L"SELFTEST_CERTIFICATE");
  EQUAL(Outcome(CryptSetKeyParam(key, KP_CERTIFICATE, certificate.data(), 0)), 0);
  Bytes read(certificate.size());
  size = static_cast<DWORD>(read.size());
  EQUAL(Outcome(CryptGetKeyParam(key, KP_CERTIFICATE, read.data(), &size, 0)), 0);
  TRUE_THAT(read == certificate);
  EQUAL(Outcome(CryptDestroyKey(key)), 0);
}

void CheckSignature(HCRYPTPROV context) {
  const Bytes message = AsciiSetting(L"SELFTEST_MESSAGE");
  HCRYPTHASH hash = 0;
  EQUAL(Outcome(CryptCreateHash(context, CALG_MD2, 0, 0, &hash)), NTE_BAD_ALGID);
  EQUAL(Outcome(CryptCreateHash(context, CALG_SHA_256, 0, 0, &hash)), 0);
  const DWORD length = static_cast<DWORD>(message.size());
  EQUAL(Outcome(CryptHashData(hash, message.data(), length, 0)), 0);
  Bytes signature(256);
  DWORD size = 256;
  EQUAL(Outcome(CryptSignHashW(hash, AT_SIGNATURE, nullptr, 0, signature.data(), &size)),
        NTE_NO_KEY);
  size = 256;
  EQUAL(Outcome(CryptSignHashW(hash, AT_KEYEXCHANGE, nullptr, 0, signature.data(), &size)), 0);
  Report("signature", signature);
  EQUAL(Outcome(CryptHashData(hash, message.data(), length, 0)), NTE_BAD_HASH_STATE);
  EQUAL(Outcome(CryptDestroyHash(hash)), 0);
}

void CheckParameters(HCRYPTPROV context) {
  TRUE_THAT(GetText(context, PP_CONTAINER) == "Legacy");
  const std::wstring full = Name(L"Legacy");
  TRUE_THAT(GetText(context, PP_UNIQUE_CONTAINER) == std::string(full.begin(), full.end()));
  const std::wstring reader = Setting(L"SELFTEST_READER");
  TRUE_THAT(GetText(context, kSmartCardReader) == std::string(reader.begin(), reader.end()));
  BYTE guid[16];
  DWORD size = sizeof guid;
  EQUAL(Outcome(CryptGetProvParam(context, kSmartCardGuid, guid, &size, 0)), 0);
  EQUAL(size, 16);
  EQUAL(Outcome(CryptGetProvParam(context, 12345, guid, &size, 0)), NTE_BAD_TYPE);

  const HCRYPTPROV verify = Acquire(Name(L""), CRYPT_VERIFYCONTEXT);
  CHAR name[64];
  size = sizeof name;
  BYTE* const out = reinterpret_cast<BYTE*>(name);
  EQUAL(Outcome(CryptGetProvParam(verify, PP_ENUMCONTAINERS, out, &size, CRYPT_FIRST)), 0);
  TRUE_THAT(std::strcmp(name, "Legacy") == 0);
  size = sizeof name;
  EQUAL(Outcome(CryptGetProvParam(verify, PP_ENUMCONTAINERS, out, &size, CRYPT_NEXT)),
        ERROR_NO_MORE_ITEMS);
  HCRYPTKEY key = 0;
  EQUAL(Outcome(CryptGetUserKey(verify, AT_KEYEXCHANGE, &key)), NTE_PERM);
  EQUAL(Outcome(CryptReleaseContext(verify, 0)), 0);
}

}  // namespace

int main() {
  const HCRYPTPROV context = CreateContainer();
  CheckKey(context);
  CheckSignature(context);
  CheckParameters(context);
  EQUAL(Outcome(CryptReleaseContext(context, 0)), 0);
  Acquire(Name(L"Legacy"), CRYPT_NEWKEYSET | CRYPT_SILENT, NTE_EXISTS);
  EQUAL(Outcome(CryptReleaseContext(Acquire(Name(L""), CRYPT_SILENT), 0)), 0);
  Acquire(Name(L"Legacy"), CRYPT_DELETEKEYSET | CRYPT_SILENT);
  Acquire(Name(L"Legacy"), CRYPT_SILENT, NTE_BAD_KEYSET);
  Acquire(L"\\\\.\\No such reader\\x", CRYPT_SILENT, SCARD_E_UNKNOWN_READER);
  return Finish();
}
