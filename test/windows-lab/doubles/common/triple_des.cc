#include "common/triple_des.h"

#include <windows.h>
#include <wincrypt.h>
#include <winscard.h>

#include "common/status_error.h"

namespace lab {
namespace {

constexpr DWORD kBlock = 8;

void Check(BOOL done) {
  Require(done, static_cast<uint32_t>(SCARD_F_INTERNAL_ERROR));
}

/** A context of the system's own software provider. */
class SoftwareProvider {
 public:
  SoftwareProvider() {
    Check(CryptAcquireContextW(&handle_, nullptr, MS_ENH_RSA_AES_PROV_W, PROV_RSA_AES,
                               CRYPT_VERIFYCONTEXT));
  }
  ~SoftwareProvider() { CryptReleaseContext(handle_, 0); }
  SoftwareProvider(const SoftwareProvider&) = delete;
  SoftwareProvider& operator=(const SoftwareProvider&) = delete;
  HCRYPTPROV get() const { return handle_; }

 private:
  HCRYPTPROV handle_ = 0;
};

}  // namespace

Bytes TripleDesBlock(const Bytes& key, const Bytes& block) {
  const SoftwareProvider provider;
  Bytes blob = {PLAINTEXTKEYBLOB, CUR_BLOB_VERSION, 0, 0};
  AppendLittleEndian(blob, CALG_3DES, 4);
  AppendLittleEndian(blob, static_cast<uint32_t>(key.size()), 4);
  blob = blob + key;
  HCRYPTKEY imported = 0;
  const BOOL done =
      CryptImportKey(provider.get(), blob.data(), static_cast<DWORD>(blob.size()), 0, 0, &imported);
  Wipe(blob);
  Check(done);
  // CBC with a zero vector, which for one block is the plain cipher; the padding block is dropped.
  Bytes out = block;
  out.resize(2 * kBlock);
  DWORD size = kBlock;
  const BOOL encrypted =
      CryptEncrypt(imported, 0, TRUE, 0, out.data(), &size, static_cast<DWORD>(out.size()));
  CryptDestroyKey(imported);
  Check(encrypted);
  out.resize(kBlock);
  return out;
}

}  // namespace lab
