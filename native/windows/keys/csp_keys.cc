#include "windows/keys/csp_keys.h"

#include <algorithm>

#include "node/native_error.h"
#include "windows/keys/csp_padding.h"
#include "windows/keys/csp_pin.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

// The length of a key is the upper half of CryptGenKey's flags.
constexpr DWORD kLargestKey = 0xFFFF;

NativeError Wrong(const std::string& text) {
  return NativeError("INVALID_ARGUMENT", text);
}

/** A name as PP_ENUMCONTAINERS gives it. */
std::wstring FromAnsi(const std::vector<std::uint8_t>& bytes) {
  const auto* const text = reinterpret_cast<const char*>(bytes.data());
  const int size = static_cast<int>(std::find(bytes.begin(), bytes.end(), 0) - bytes.begin());
  std::wstring name(static_cast<std::size_t>(size), L'\0');
  name.resize(
      static_cast<std::size_t>(MultiByteToWideChar(CP_ACP, 0, text, size, name.data(), size)));
  return name;
}

/** The CSP is not told how long a certificate is: it believes the certificate's own header. */
void RequireWholeSequence(const std::vector<std::uint8_t>& der) {
  std::size_t header = 2;
  std::size_t length = der.size() > 1 ? der[1] : 0;
  if (length >= 0x80) {
    const std::size_t digits = length & 0x7F;
    header += digits;
    length = 0;
    for (std::size_t i = 2; i < header && i < der.size() && digits <= 4; ++i) {
      length = length << 8 | der[i];
    }
  }
  if (der.size() < header || der[0] != 0x30 || der.size() - header != length) {
    throw Wrong("certificate must be one DER sequence");
  }
}

}  // namespace

CspKeys::CspKeys(const std::wstring& reader) : reader_(reader) {
  if (!IsCspName(reader)) {
    throw Wrong("readerName must consist of characters of the system's code page for the CSP");
  }
}

std::vector<ListedKey> CspKeys::List() {
  const std::string action = "list the keys of the card in the reader " + ToUtf8(reader_);
  CryptProvider card;
  CheckHresult(AcquireCsp(card, reader_, L"", CRYPT_VERIFYCONTEXT), action);
  std::vector<ListedKey> keys;
  for (DWORD position = CRYPT_FIRST;; position = CRYPT_NEXT) {
    bool at_end = false;
    const std::vector<std::uint8_t> name = ReadCspData(
        [&](BYTE* data, DWORD* size) {
          if (CryptGetProvParam(card.get(), PP_ENUMCONTAINERS, data, size, position)) return true;
          at_end = GetLastError() == ERROR_NO_MORE_ITEMS;
          if (at_end) *size = 0;
          return at_end;
        },
        action);
    if (at_end) return keys;
    keys.push_back({FromAnsi(name), 0});
  }
}

void CspKeys::Create(const NewKey& key, const SecretBuffer& pin) {
  if (key.algorithm != L"RSA") throw Wrong("algorithm must be RSA for the CSP");
  if (key.bits == 0 || key.bits > kLargestKey) throw Wrong("bits must be 1 to 65535");
  if (!IsCspName(key.container)) {
    throw Wrong("container must consist of characters of the system's code page for the CSP");
  }
  const std::string action = Action("make", key.container);
  CryptProvider card;
  CheckHresult(AcquireCardOfCsp(card, reader_), action);
  CspPin given(card, key.key_spec, reader_, pin_left_);
  given.Give(pin);
  // Windows' documented way to a container without a dialog: the card's context is closed first.
  card.Reset();
  CryptProvider container;
  CheckHresult(AcquireCsp(container, reader_, key.container, CRYPT_NEWKEYSET), action);
  CryptKey made;
  if (CryptGenKey(container.get(), key.key_spec, key.bits << 16, made.Receive())) return;
  const NativeError error = LastError(action);
  container.Reset();
  DeleteIfEmpty(key.container);
  throw error;
}

std::vector<std::uint8_t> CspKeys::PublicKey(const std::wstring& container) {
  const Opened opened = Open(container);
  return ReadCspData(
      [&](BYTE* data, DWORD* size) {
        return CryptExportKey(opened.pair.key.get(), 0, PUBLICKEYBLOB, 0, data, size);
      },
      Action("read", container));
}

std::vector<std::uint8_t> CspKeys::Sign(const std::wstring& container, const KeyScheme& scheme,
                                        const std::vector<std::uint8_t>& hash,
                                        const SecretBuffer& pin) {
  const ALG_ID algorithm = CspHashAlgorithm(scheme);
  const std::string action = Action("sign with", container);
  const Opened opened = Open(container);
  CryptHash object;
  // The hash's length is its algorithm's: the CSP reads so many bytes, however many there are.
  if (!CryptCreateHash(opened.context.get(), algorithm, 0, 0, object.Receive()) ||
      !CryptSetHashParam(object.get(), HP_HASHVAL, hash.data(), 0)) {
    throw LastError(action);
  }
  CspPin given(opened.context, opened.pair.spec, reader_, pin_left_);
  given.Give(pin);
  std::vector<std::uint8_t> signature = ReadCspData(
      [&](BYTE* data, DWORD* size) {
        return CryptSignHashW(object.get(), opened.pair.spec, nullptr, 0, data, size);
      },
      action);
  // CryptoAPI's numbers are little-endian.
  std::reverse(signature.begin(), signature.end());
  return signature;
}

SecretBuffer CspKeys::Decrypt(const std::wstring& container, const KeyScheme& scheme,
                              const std::vector<std::uint8_t>& ciphertext,
                              const SecretBuffer& pin) {
  const DWORD flags = CspDecryptFlags(scheme);
  const Opened opened = Open(container);
  // Decrypted where it stands. The ciphertext is a number, and little-endian; the plaintext is not.
  SecretBuffer text(ciphertext.size());
  std::reverse_copy(ciphertext.begin(), ciphertext.end(), text.data());
  auto size = static_cast<DWORD>(text.size());
  CspPin given(opened.context, opened.pair.spec, reader_, pin_left_);
  given.Give(pin);
  if (!CryptDecrypt(opened.pair.key.get(), 0, TRUE, flags, text.data(), &size)) {
    throw LastError(Action("decrypt with", container));
  }
  text.Shrink(size);
  return text;
}

std::optional<std::vector<std::uint8_t>> CspKeys::Certificate(const std::wstring& container) {
  const Opened opened = Open(container);
  bool is_missing = false;
  std::vector<std::uint8_t> certificate = ReadCspData(
      [&](BYTE* data, DWORD* size) {
        if (CryptGetKeyParam(opened.pair.key.get(), KP_CERTIFICATE, data, size, 0)) return true;
        const auto code = static_cast<LONG>(GetLastError());
        is_missing = code == NTE_NOT_FOUND || code == SCARD_E_NO_SUCH_CERTIFICATE ||
                     code == SCARD_E_FILE_NOT_FOUND;
        return is_missing;
      },
      Action("read the certificate of", container));
  if (is_missing) return std::nullopt;
  return certificate;
}

void CspKeys::SetCertificate(const std::wstring& container,
                             const std::vector<std::uint8_t>& certificate,
                             const SecretBuffer& pin) {
  RequireWholeSequence(certificate);
  const Opened opened = Open(container);
  CspPin given(opened.context, opened.pair.spec, reader_, pin_left_);
  given.Give(pin);
  if (!CryptSetKeyParam(opened.pair.key.get(), KP_CERTIFICATE, certificate.data(), 0)) {
    throw LastError(Action("write the certificate of", container));
  }
}

void CspKeys::Delete(const std::wstring& container, const SecretBuffer& pin) {
  DWORD key_spec = AT_KEYEXCHANGE;
  {
    const CryptProvider found = OpenContainer(container);
    CspKeyPair pair;
    // Without a key it goes as well.
    if (GetCspKeyPair(pair, found) == S_OK) key_spec = pair.spec;
  }
  const std::string action = Action("delete", container);
  CryptProvider card;
  CheckHresult(AcquireCardOfCsp(card, reader_), action);
  CspPin given(card, key_spec, reader_, pin_left_);
  given.Give(pin);
  // It may have the very container open that is to go.
  card.Reset();
  CheckHresult(DeleteCspContainer(reader_, container), action);
}

CryptProvider CspKeys::OpenContainer(const std::wstring& container) const {
  const std::string action = Action("open", container);
  // Another name would be found in its place.
  if (!IsCspName(container)) throw HresultError(NTE_BAD_KEYSET, action);
  CryptProvider context;
  CheckHresult(AcquireCsp(context, reader_, container, 0), action);
  return context;
}

CspKeys::Opened CspKeys::Open(const std::wstring& container) const {
  Opened opened;
  opened.context = OpenContainer(container);
  CheckHresult(GetCspKeyPair(opened.pair, opened.context), Action("open", container));
  return opened;
}

void CspKeys::DeleteIfEmpty(const std::wstring& container) const noexcept {
  {
    CryptProvider context;
    if (AcquireCsp(context, reader_, container, 0) != S_OK) return;
    CspKeyPair pair;
    // With a key it is another process's, which made one of the same name meanwhile.
    if (GetCspKeyPair(pair, context) != NTE_NO_KEY) return;
  }
  DeleteCspContainer(reader_, container);
}

std::string CspKeys::Action(const char* verb, const std::wstring& container) const {
  return std::string(verb) + " the key " + ToUtf8(container) + " on the card in the reader " +
         ToUtf8(reader_);
}

}  // namespace vsc
