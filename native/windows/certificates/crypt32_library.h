#pragma once

#include <windows.h>
// Needs what windows.h declares.
#include <wincrypt.h>

#include "windows/system/system_library.h"

namespace vsc {

/** The functions of crypt32.dll (certificates and their stores) that the addon calls. */
class Crypt32Library {
 public:
  /** Loaded at the first use, for the process's life. Throws NativeError. */
  static const Crypt32Library& Get();

  Crypt32Library();

  decltype(&::CertOpenStore) OpenStore;
  decltype(&::CertCloseStore) CloseStore;
  decltype(&::CertControlStore) ControlStore;
  decltype(&::CertEnumCertificatesInStore) EnumCertificates;
  decltype(&::CertCreateCertificateContext) CreateCertificate;
  decltype(&::CertFreeCertificateContext) FreeCertificate;
  decltype(&::CertAddCertificateContextToStore) AddCertificate;
  decltype(&::CertDeleteCertificateFromStore) DeleteCertificate;
  decltype(&::CertGetCertificateContextProperty) GetProperty;
  decltype(&::CertSetCertificateContextProperty) SetProperty;

 private:
  SystemLibrary library_;
};

}  // namespace vsc
