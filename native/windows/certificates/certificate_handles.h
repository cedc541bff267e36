#pragma once

#include "node/unique_handle.h"
#include "windows/certificates/crypt32_library.h"

namespace vsc {

struct CertificateStoreTraits {
  using Type = HCERTSTORE;
  static Type None() { return nullptr; }
  static void Close(Type store) noexcept { Crypt32Library::Get().CloseStore(store, 0); }
};

/** An open store. A certificate of it may outlive it. */
using CertificateStore = UniqueHandle<CertificateStoreTraits>;

struct CertificateTraits {
  using Type = PCCERT_CONTEXT;
  static Type None() { return nullptr; }
  static void Close(Type certificate) noexcept {
    Crypt32Library::Get().FreeCertificate(certificate);
  }
};

/** A certificate, in a store or in none. */
using Certificate = UniqueHandle<CertificateTraits>;

}  // namespace vsc
