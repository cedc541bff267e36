#include "windows/keys/ksp_keys.h"

#include "windows/keys/container_name.h"
#include "windows/keys/ksp_output.h"
#include "windows/keys/ksp_padding.h"
#include "windows/keys/ksp_pin.h"
#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

// More than an RSA key of 4096 bits signs or decrypts.
constexpr std::size_t kLargestOutput = 1024;

const NcryptLibrary& Ncrypt() {
  return NcryptLibrary::Get();
}

/** ncrypt.dll reads its inputs; their types do not say so. */
PBYTE Input(const std::vector<std::uint8_t>& bytes) {
  return const_cast<PBYTE>(bytes.data());
}

DWORD Size(const std::vector<std::uint8_t>& bytes) {
  return static_cast<DWORD>(bytes.size());
}

/** How far a list is; the provider makes the state at the first question, and goes on with it. */
struct Enumeration {
  Enumeration() = default;
  ~Enumeration() {
    if (state != nullptr) Ncrypt().FreeBuffer(state);
  }
  Enumeration(const Enumeration&) = delete;
  Enumeration& operator=(const Enumeration&) = delete;

  void* state = nullptr;
};

/** The provider's word for it, and the smart card service's. */
bool IsNoCertificate(const NativeError& error) {
  return error.hresult == static_cast<std::uint32_t>(NTE_NOT_FOUND) ||
         error.hresult == static_cast<std::uint32_t>(SCARD_E_NO_SUCH_CERTIFICATE);
}

}  // namespace

KspKeys::KspKeys(const std::wstring& reader) : reader_(reader) {
  CheckCode(OpenSmartCardProvider(provider_), "open the Smart Card Key Storage Provider");
}

std::vector<ListedKey> KspKeys::List() {
  const std::wstring scope = FullContainerName(reader_, L"");
  std::vector<ListedKey> keys;
  Enumeration enumeration;
  for (;;) {
    NcryptMemory<NCryptKeyName> name;
    const SECURITY_STATUS result = Ncrypt().EnumKeys(provider_.get(), scope.c_str(), name.Receive(),
                                                     &enumeration.state, NCRYPT_SILENT_FLAG);
    if (result == NTE_NO_MORE_ITEMS) return keys;
    CheckCode(result, "list the keys of the card in the reader " + ToUtf8(reader_));
    keys.push_back({name.get()->pszName, name.get()->dwLegacyKeySpec});
  }
}

void KspKeys::Create(const NewKey& key, const SecretBuffer& pin) {
  const std::string action = Action("make", key.container);
  const std::wstring name = FullContainerName(reader_, key.container);
  NcryptKey made;
  // Nothing is on the card before the last step. Never NCRYPT_OVERWRITE_KEY_FLAG: another's key of
  // that name stays (NTE_EXISTS).
  CheckCode(Ncrypt().CreatePersistedKey(provider_.get(), made.Receive(), key.algorithm.c_str(),
                                        name.c_str(), key.key_spec, 0),
            action);
  if (key.bits != 0) {
    DWORD bits = key.bits;
    CheckCode(
        Ncrypt().SetProperty(made.get(), NCRYPT_LENGTH_PROPERTY, reinterpret_cast<PBYTE>(&bits),
                             sizeof(bits), NCRYPT_SILENT_FLAG),
        action);
  }
  KspPin given(made, reader_, pin_left_);
  given.Give(made, pin);
  CheckCode(Ncrypt().FinalizeKey(made.get(), NCRYPT_SILENT_FLAG), action);
}

std::vector<std::uint8_t> KspKeys::PublicKey(const std::wstring& container) {
  const std::string action = Action("read", container);
  const NcryptKey key = Open(container);
  const std::wstring group = TextOf(ReadProperty(key, NCRYPT_ALGORITHM_GROUP_PROPERTY, action));
  const wchar_t* const type =
      group == NCRYPT_RSA_ALGORITHM_GROUP ? BCRYPT_RSAPUBLIC_BLOB : BCRYPT_ECCPUBLIC_BLOB;
  return ReadOutput(
      [&](PBYTE out, DWORD room, DWORD* size) {
        return Ncrypt().ExportKey(key.get(), 0, type, nullptr, out, room, size, NCRYPT_SILENT_FLAG);
      },
      action);
}

std::vector<std::uint8_t> KspKeys::Sign(const std::wstring& container, const KeyScheme& scheme,
                                        const std::vector<std::uint8_t>& hash,
                                        const SecretBuffer& pin) {
  const NcryptKey key = Open(container);
  KspPadding padding(scheme, hash.size());
  std::vector<std::uint8_t> signature(kLargestOutput);
  DWORD size = 0;
  KspPin given(key, reader_, pin_left_);
  given.Give(key, pin);
  CheckCode(Ncrypt().SignHash(key.get(), padding.info(), Input(hash), Size(hash), signature.data(),
                              Size(signature), &size, NCRYPT_SILENT_FLAG | padding.flag()),
            Action("sign with", container));
  signature.resize(size);
  return signature;
}

SecretBuffer KspKeys::Decrypt(const std::wstring& container, const KeyScheme& scheme,
                              const std::vector<std::uint8_t>& ciphertext,
                              const SecretBuffer& pin) {
  const NcryptKey key = Open(container);
  KspPadding padding(scheme, 0);
  SecretBuffer plaintext(kLargestOutput);
  DWORD size = 0;
  KspPin given(key, reader_, pin_left_);
  given.Give(key, pin);
  CheckCode(Ncrypt().Decrypt(key.get(), Input(ciphertext), Size(ciphertext), padding.info(),
                             plaintext.data(), static_cast<DWORD>(plaintext.size()), &size,
                             NCRYPT_SILENT_FLAG | padding.flag()),
            Action("decrypt with", container));
  plaintext.Shrink(size);
  return plaintext;
}

std::optional<std::vector<std::uint8_t>> KspKeys::Certificate(const std::wstring& container) {
  const NcryptKey key = Open(container);
  try {
    return ReadProperty(key, NCRYPT_CERTIFICATE_PROPERTY,
                        Action("read the certificate of", container));
  } catch (const NativeError& error) {
    if (!IsNoCertificate(error)) throw;
    return std::nullopt;
  }
}

void KspKeys::SetCertificate(const std::wstring& container,
                             const std::vector<std::uint8_t>& certificate,
                             const SecretBuffer& pin) {
  const NcryptKey key = Open(container);
  KspPin given(key, reader_, pin_left_);
  given.Give(key, pin);
  CheckCode(Ncrypt().SetProperty(key.get(), NCRYPT_CERTIFICATE_PROPERTY, Input(certificate),
                                 Size(certificate), NCRYPT_SILENT_FLAG),
            Action("write the certificate of", container));
}

void KspKeys::Delete(const std::wstring& container, const SecretBuffer& pin) {
  NcryptKey key = Open(container);
  // The deletion frees the handle, and the PIN is to be dropped after it.
  const NcryptKey keeper = Open(container);
  KspPin given(keeper, reader_, pin_left_);
  given.Give(key, pin);
  CheckCode(Ncrypt().DeleteKey(key.get(), NCRYPT_SILENT_FLAG), Action("delete", container));
  key.Release();
}

NcryptKey KspKeys::Open(const std::wstring& container) const {
  NcryptKey key;
  CheckCode(Ncrypt().OpenKey(provider_.get(), key.Receive(),
                             FullContainerName(reader_, container).c_str(), 0, NCRYPT_SILENT_FLAG),
            Action("open", container));
  return key;
}

std::string KspKeys::Action(const char* verb, const std::wstring& container) const {
  return std::string(verb) + " the key " + ToUtf8(container) + " on the card in the reader " +
         ToUtf8(reader_);
}

}  // namespace vsc
