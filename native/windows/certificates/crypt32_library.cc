#include "windows/certificates/crypt32_library.h"

#include <type_traits>

namespace vsc {

const Crypt32Library& Crypt32Library::Get() {
  static const Crypt32Library library;
  return library;
}

Crypt32Library::Crypt32Library() : library_(L"crypt32.dll") {
  const auto find = [this](auto& function, const char* name) {
    function =
        library_.Find<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
  };
  find(OpenStore, "CertOpenStore");
  find(CloseStore, "CertCloseStore");
  find(ControlStore, "CertControlStore");
  find(EnumCertificates, "CertEnumCertificatesInStore");
  find(CreateCertificate, "CertCreateCertificateContext");
  find(FreeCertificate, "CertFreeCertificateContext");
  find(AddCertificate, "CertAddCertificateContextToStore");
  find(DeleteCertificate, "CertDeleteCertificateFromStore");
  find(GetProperty, "CertGetCertificateContextProperty");
  find(SetProperty, "CertSetCertificateContextProperty");
}

}  // namespace vsc
