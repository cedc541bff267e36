#include "client/sign.h"

#include <algorithm>

#include "client/store.h"
#include "common/base64.h"
#include "common/bytes.h"
#include "common/text.h"
// Need what windows.h declares.
#include <bcrypt.h>
#include <ncrypt.h>

namespace lab {
namespace {

/** CryptoAPI finds provider, container and kind of key by the certificate. */
Bytes SignByCryptoApi(PCCERT_CONTEXT certificate, const std::string& pin, const Bytes& data) {
  HCRYPTPROV_OR_NCRYPT_KEY_HANDLE context = 0;
  DWORD keySpec = 0;
  BOOL mustFree = FALSE;
  Check(CryptAcquireCertificatePrivateKey(
            certificate, CRYPT_ACQUIRE_SILENT_FLAG | CRYPT_ACQUIRE_COMPARE_KEY_FLAG, nullptr,
            &context, &keySpec, &mustFree),
        "CryptAcquireCertificatePrivateKey", GetLastError());
  Check(
      CryptSetProvParam(context, PP_KEYEXCHANGE_PIN, reinterpret_cast<const BYTE*>(pin.c_str()), 0),
      "CryptSetProvParam", GetLastError());
  HCRYPTHASH hash = 0;
  Check(CryptCreateHash(context, CALG_SHA_256, 0, 0, &hash), "CryptCreateHash", GetLastError());
  Check(CryptHashData(hash, data.data(), static_cast<DWORD>(data.size()), 0), "CryptHashData",
        GetLastError());
  Bytes signature(512);
  DWORD size = static_cast<DWORD>(signature.size());
  Check(CryptSignHashW(hash, keySpec, nullptr, 0, signature.data(), &size), "CryptSignHash",
        GetLastError());
  signature.resize(size);
  std::reverse(signature.begin(), signature.end());
  CryptDestroyHash(hash);
  if (mustFree) CryptReleaseContext(context, 0);
  return signature;
}

Bytes Sha256(const Bytes& data) {
  BCRYPT_ALG_HANDLE algorithm = nullptr;
  Check(BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, nullptr, 0) == 0,
        "BCryptOpenAlgorithmProvider", 0);
  Bytes digest(32);
  Check(BCryptHash(algorithm, nullptr, 0, const_cast<BYTE*>(data.data()),
                   static_cast<ULONG>(data.size()), digest.data(), 32) == 0,
        "BCryptHash", 0);
  BCryptCloseAlgorithmProvider(algorithm, 0);
  return digest;
}

/** What CryptAcquireCertificatePrivateKey does for CNG, which Wine's does not. */
Bytes SignByCng(const CRYPT_KEY_PROV_INFO& link, const std::string& pin, const Bytes& data) {
  NCRYPT_PROV_HANDLE provider = 0;
  SECURITY_STATUS result = NCryptOpenStorageProvider(&provider, link.pwszProvName, 0);
  Check(result == 0, "NCryptOpenStorageProvider", result);
  NCRYPT_KEY_HANDLE key = 0;
  result = NCryptOpenKey(provider, &key, link.pwszContainerName, link.dwKeySpec,
                         link.dwFlags | NCRYPT_SILENT_FLAG);
  Check(result == 0, "NCryptOpenKey", result);
  std::wstring text = Wide(pin);
  result = NCryptSetProperty(key, NCRYPT_PIN_PROPERTY, reinterpret_cast<BYTE*>(text.data()),
                             static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t)),
                             NCRYPT_SILENT_FLAG);
  Check(result == 0, "NCryptSetProperty", result);
  Bytes digest = Sha256(data);
  BCRYPT_PKCS1_PADDING_INFO padding = {BCRYPT_SHA256_ALGORITHM};
  Bytes signature(512);
  DWORD size = 0;
  result = NCryptSignHash(key, &padding, digest.data(), 32, signature.data(), 512, &size,
                          NCRYPT_SILENT_FLAG | BCRYPT_PAD_PKCS1);
  Check(result == 0, "NCryptSignHash", result);
  signature.resize(size);
  NCryptFreeObject(key);
  NCryptFreeObject(provider);
  return signature;
}

}  // namespace

Json SignByCertificate(const Json& request) {
  const PCCERT_CONTEXT certificate = FindCertificate(request);
  const std::string& pin = request.At("pin").String();
  const Bytes data = FromBase64(request.At("data").String());
  alignas(16) BYTE memory[2000];
  DWORD size = sizeof memory;
  Check(CertGetCertificateContextProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, memory, &size),
        "CertGetCertificateContextProperty", GetLastError());
  const auto& link = *reinterpret_cast<const CRYPT_KEY_PROV_INFO*>(memory);
  const Bytes signature =
      link.dwProvType == 0 ? SignByCng(link, pin, data) : SignByCryptoApi(certificate, pin, data);
  CertFreeCertificateContext(certificate);
  return ToBase64(signature);
}

}  // namespace lab
