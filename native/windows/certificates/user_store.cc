#include "windows/certificates/user_store.h"

#include <algorithm>
#include <optional>

#include "windows/system/hresult_error.h"

namespace vsc {

namespace {

std::vector<std::uint8_t> BytesOf(PCCERT_CONTEXT certificate) {
  return {certificate->pbCertEncoded, certificate->pbCertEncoded + certificate->cbCertEncoded};
}

bool HasBytes(PCCERT_CONTEXT certificate, const std::vector<std::uint8_t>& bytes) {
  return std::equal(bytes.begin(), bytes.end(), certificate->pbCertEncoded,
                    certificate->pbCertEncoded + certificate->cbCertEncoded);
}

/** In no store yet. */
Certificate Parse(const std::vector<std::uint8_t>& bytes) {
  Certificate certificate(Crypt32Library::Get().CreateCertificate(
      X509_ASN_ENCODING, bytes.data(), static_cast<DWORD>(bytes.size())));
  if (!certificate) throw LastError("read the certificate");
  return certificate;
}

/** Never destroyed: a thread that hangs may outlive everything else. */
std::mutex& Turn() {
  static std::mutex& turn = *new std::mutex;
  return turn;
}

/** The store's certificates, one after the other. */
class Certificates {
 public:
  explicit Certificates(const CertificateStore& store) : store_(store) {}

  PCCERT_CONTEXT Next() {
    // The enumeration lets go of the one before, so that it must not be let go of here.
    current_ =
        Certificate(Crypt32Library::Get().EnumCertificates(store_.get(), current_.Release()));
    return current_.get();
  }

  /** The one that Next gave, to keep: the enumeration is over. */
  Certificate Take() { return std::move(current_); }

 private:
  const CertificateStore& store_;
  Certificate current_;
};

}  // namespace

UserStore::UserStore()
    : turn_(Turn()),
      store_(Crypt32Library::Get().OpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0,
                                             CERT_SYSTEM_STORE_CURRENT_USER, L"My")) {
  if (!store_) throw LastError("open the user's certificate store");
}

bool UserStore::Add(const LinkedCertificate& certificate) {
  const Certificate parsed = Parse(certificate.bytes);
  Certificates certificates(store_);
  while (const PCCERT_CONTEXT each = certificates.Next()) {
    if (!HasBytes(each, certificate.bytes)) continue;
    WriteKeyLink(each, certificate.link);
    Commit();
    return false;
  }
  // The link goes in with it: nobody ever sees the certificate without.
  WriteKeyLink(parsed.get(), certificate.link);
  if (!Crypt32Library::Get().AddCertificate(store_.get(), parsed.get(), CERT_STORE_ADD_ALWAYS,
                                            nullptr)) {
    throw LastError("add the certificate to the user's store");
  }
  Commit();
  return true;
}

bool UserStore::Remove(const std::vector<std::uint8_t>& bytes, const std::wstring& container) {
  Certificates certificates(store_);
  while (const PCCERT_CONTEXT each = certificates.Next()) {
    if (!HasBytes(each, bytes)) continue;
    const std::optional<KeyLink> link = ReadKeyLink(each);
    if (!link || link->container != container) continue;
    // It is let go of by being deleted, also when that fails.
    if (!Crypt32Library::Get().DeleteCertificate(certificates.Take().Release())) {
      throw LastError("remove the certificate from the user's store");
    }
    Commit();
    return true;
  }
  return false;
}

std::vector<LinkedCertificate> UserStore::List() const {
  std::vector<LinkedCertificate> found;
  Certificates certificates(store_);
  while (const PCCERT_CONTEXT each = certificates.Next()) {
    if (const std::optional<KeyLink> link = ReadKeyLink(each)) {
      found.push_back({BytesOf(each), *link});
    }
  }
  return found;
}

void UserStore::Commit() {
  // Forced, since a property alone does not count as a change. Windows' own store saves at once and
  // has nothing to do here; a store may also say that it does not know the word.
  if (!Crypt32Library::Get().ControlStore(store_.get(), CERT_STORE_CTRL_COMMIT_FORCE_FLAG,
                                          CERT_STORE_CTRL_COMMIT, nullptr) &&
      GetLastError() != ERROR_NOT_SUPPORTED) {
    throw LastError("save the user's certificate store");
  }
}

}  // namespace vsc
