#include "client/store.h"

#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "common/base64.h"
#include "common/bytes.h"
#include "common/text.h"

namespace lab {
namespace {

class Store {
 public:
  Store()
      : handle_(
            CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"My")) {
    Check(handle_ != nullptr, "CertOpenStore", GetLastError());
  }
  ~Store() { CertCloseStore(handle_, 0); }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  HCERTSTORE get() const { return handle_; }

 private:
  const HCERTSTORE handle_;
};

Bytes BytesOf(PCCERT_CONTEXT certificate) {
  return {certificate->pbCertEncoded, certificate->pbCertEncoded + certificate->cbCertEncoded};
}

/** Null where the certificate has no such property. */
std::vector<std::max_align_t> Property(PCCERT_CONTEXT certificate, DWORD property) {
  DWORD size = 0;
  if (!CertGetCertificateContextProperty(certificate, property, nullptr, &size)) return {};
  std::vector<std::max_align_t> memory(size / sizeof(std::max_align_t) + 1);
  const BOOL done = CertGetCertificateContextProperty(certificate, property, memory.data(), &size);
  Check(done, "CertGetCertificateContextProperty", GetLastError());
  return memory;
}

Json Link(PCCERT_CONTEXT certificate) {
  const auto memory = Property(certificate, CERT_KEY_PROV_INFO_PROP_ID);
  if (memory.empty()) return nullptr;
  const auto& info = *reinterpret_cast<const CRYPT_KEY_PROV_INFO*>(memory.data());
  return Json::Object{
      {"container", Utf8(info.pwszContainerName)},
      {"provider", Utf8(info.pwszProvName)},
      {"type", info.dwProvType},
      {"flags", info.dwFlags},
      {"keySpec", info.dwKeySpec},
      {"parameters", info.cProvParam},
  };
}

Json FriendlyName(PCCERT_CONTEXT certificate) {
  const auto memory = Property(certificate, CERT_FRIENDLY_NAME_PROP_ID);
  if (memory.empty()) return nullptr;
  return Utf8(reinterpret_cast<const wchar_t*>(memory.data()));
}

void SetLink(PCCERT_CONTEXT certificate, const Json& link) {
  std::wstring container = Wide(link.At("container").String());
  std::wstring provider = Wide(link.At("provider").String());
  CRYPT_KEY_PROV_INFO info = {};
  info.pwszContainerName = container.data();
  info.pwszProvName = provider.data();
  info.dwProvType = static_cast<DWORD>(link.At("type").Number());
  info.dwKeySpec = static_cast<DWORD>(link.At("keySpec").Number());
  Check(CertSetCertificateContextProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, 0, &info),
        "CertSetCertificateContextProperty", GetLastError());
}

void SetFriendlyName(PCCERT_CONTEXT certificate, const Json& name) {
  std::wstring text = Wide(name.String());
  CRYPT_DATA_BLOB blob = {static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t)),
                          reinterpret_cast<BYTE*>(text.data())};
  Check(CertSetCertificateContextProperty(certificate, CERT_FRIENDLY_NAME_PROP_ID, 0, &blob),
        "CertSetCertificateContextProperty", GetLastError());
}

}  // namespace

void Check(bool done, const char* function, unsigned long code) {
  if (done) return;
  char text[100];
  std::snprintf(text, sizeof text, "%s: 0x%08lX", function, code);
  throw std::runtime_error(text);
}

Json ListCertificates() {
  const Store store;
  Json::Array list;
  PCCERT_CONTEXT each = nullptr;
  while ((each = CertEnumCertificatesInStore(store.get(), each))) {
    list.push_back(Json::Object{{"certificate", ToBase64(BytesOf(each))},
                                {"link", Link(each)},
                                {"friendlyName", FriendlyName(each)}});
  }
  return list;
}

void AddCertificate(const Json& request) {
  const Store store;
  const Bytes bytes = FromBase64(request.At("certificate").String());
  const PCCERT_CONTEXT certificate = CertCreateCertificateContext(X509_ASN_ENCODING, bytes.data(),
                                                                  static_cast<DWORD>(bytes.size()));
  Check(certificate != nullptr, "CertCreateCertificateContext", GetLastError());
  if (const Json* link = request.Find("link")) SetLink(certificate, *link);
  if (const Json* name = request.Find("friendlyName")) SetFriendlyName(certificate, *name);
  Check(CertAddCertificateContextToStore(store.get(), certificate, CERT_STORE_ADD_NEW, nullptr),
        "CertAddCertificateContextToStore", GetLastError());
  CertFreeCertificateContext(certificate);
}

void ClearStore() {
  const Store store;
  while (const PCCERT_CONTEXT first = CertEnumCertificatesInStore(store.get(), nullptr)) {
    Check(CertDeleteCertificateFromStore(first), "CertDeleteCertificateFromStore", GetLastError());
  }
  Check(CertControlStore(store.get(), 0, CERT_STORE_CTRL_COMMIT, nullptr), "CertControlStore",
        GetLastError());
}

PCCERT_CONTEXT FindCertificate(const Json& request) {
  const Store store;
  const Bytes bytes = FromBase64(request.At("certificate").String());
  PCCERT_CONTEXT each = nullptr;
  while ((each = CertEnumCertificatesInStore(store.get(), each))) {
    if (BytesOf(each) == bytes) return each;
  }
  throw std::runtime_error("The certificate is not in the store");
}

}  // namespace lab
