// Functions that CryptoAPI wants a provider to have, and for which nothing here stands: session
// keys, public-key operations in software, copies. Each is announced and refused.

#include "csp/component.h"

using namespace lab;

namespace {

BOOL Refuse(const char* call) {
  return Csp(call, {}, [] { throw StatusError(Code(NTE_NOT_SUPPORTED)); });
}

}  // namespace

extern "C" {

BOOL WINAPI CPDeriveKey(HCRYPTPROV, ALG_ID, HCRYPTHASH, DWORD, HCRYPTKEY*) {
  return Refuse("CPDeriveKey");
}

BOOL WINAPI CPEncrypt(HCRYPTPROV, HCRYPTKEY, HCRYPTHASH, BOOL, DWORD, BYTE*, DWORD*, DWORD) {
  return Refuse("CPEncrypt");
}

BOOL WINAPI CPHashSessionKey(HCRYPTPROV, HCRYPTHASH, HCRYPTKEY, DWORD) {
  return Refuse("CPHashSessionKey");
}

BOOL WINAPI CPImportKey(HCRYPTPROV, const BYTE*, DWORD, HCRYPTKEY, DWORD, HCRYPTKEY*) {
  return Refuse("CPImportKey");
}

BOOL WINAPI CPVerifySignature(HCRYPTPROV, HCRYPTHASH, const BYTE*, DWORD, HCRYPTKEY, LPCWSTR,
                              DWORD) {
  return Refuse("CPVerifySignature");
}

BOOL WINAPI CPDuplicateHash(HCRYPTPROV, HCRYPTHASH, DWORD*, DWORD, HCRYPTHASH*) {
  return Refuse("CPDuplicateHash");
}

BOOL WINAPI CPDuplicateKey(HCRYPTPROV, HCRYPTKEY, DWORD*, DWORD, HCRYPTKEY*) {
  return Refuse("CPDuplicateKey");
}

}  // extern "C"
