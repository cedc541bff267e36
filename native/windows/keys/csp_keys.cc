#include "windows/keys/csp_keys.h"

#include "node/native_error.h"

namespace vsc {

namespace {

[[noreturn]] void Refuse() {
  throw NativeError("NOT_OFFERED", "Keys are not reached through the legacy provider");
}

}  // namespace

CspKeys::CspKeys(const std::wstring&) {
  Refuse();
}

std::vector<ListedKey> CspKeys::List() {
  Refuse();
}
void CspKeys::Create(const NewKey&, const SecretBuffer&) {
  Refuse();
}
std::vector<std::uint8_t> CspKeys::PublicKey(const std::wstring&) {
  Refuse();
}
std::vector<std::uint8_t> CspKeys::Sign(const std::wstring&, const KeyScheme&,
                                        const std::vector<std::uint8_t>&, const SecretBuffer&) {
  Refuse();
}
SecretBuffer CspKeys::Decrypt(const std::wstring&, const KeyScheme&,
                              const std::vector<std::uint8_t>&, const SecretBuffer&) {
  Refuse();
}
std::optional<std::vector<std::uint8_t>> CspKeys::Certificate(const std::wstring&) {
  Refuse();
}
void CspKeys::SetCertificate(const std::wstring&, const std::vector<std::uint8_t>&,
                             const SecretBuffer&) {
  Refuse();
}
void CspKeys::Delete(const std::wstring&, const SecretBuffer&) {
  Refuse();
}

}  // namespace vsc
