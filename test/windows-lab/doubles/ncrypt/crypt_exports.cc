// What needs the private key.

#include "card/card_transaction.h"
#include "card/rsa_padding.h"
#include "common/text.h"
#include "ncrypt/objects.h"
#include "ncrypt/output.h"

using namespace lab;

namespace {

Hash HashOf(LPCWSTR name) {
  Require(name, Code(NTE_INVALID_PARAMETER));
  const std::optional<Hash> hash = HashNamed(name);
  Require(hash.has_value(), Code(NTE_NOT_SUPPORTED));
  return *hash;
}

/** What the card signs for a digest, and whether it is to pad it. */
struct SignInput {
  Bytes block;
  bool raw;
};

SignInput Pkcs1Input(const void* paddingInfo, const Bytes& digest) {
  const LPCWSTR name = static_cast<const BCRYPT_PKCS1_PADDING_INFO*>(paddingInfo)->pszAlgId;
  // Without a hash the digest is signed as it is (TLS before 1.2).
  if (!name) return {digest, false};
  const Hash hash = HashOf(name);
  Require(digest.size() == HashLength(hash), Code(NTE_INVALID_PARAMETER));
  return {DigestInfo(hash, digest), false};
}

SignInput PssInput(const void* paddingInfo, const Bytes& digest, size_t modulusLength) {
  const auto* const info = static_cast<const BCRYPT_PSS_PADDING_INFO*>(paddingInfo);
  const Hash hash = HashOf(info->pszAlgId);
  Require(digest.size() == HashLength(hash), Code(NTE_INVALID_PARAMETER));
  const size_t longestSalt = modulusLength - digest.size() - 2;
  Require(info->cbSalt <= longestSalt, Code(NTE_INVALID_PARAMETER));
  return {EncodePss(hash, digest, info->cbSalt, modulusLength), true};
}

SignInput InputFor(const KeyType& type, const void* paddingInfo, const Bytes& digest, DWORD flags) {
  constexpr DWORD kPaddings = NCRYPT_PAD_PKCS1_FLAG | NCRYPT_PAD_PSS_FLAG;
  const DWORD padding = flags & kPaddings;
  if (!type.isRsa()) {
    Require(padding == 0, Code(NTE_BAD_FLAGS));
    Require(!paddingInfo, Code(NTE_INVALID_PARAMETER));
    return {digest, true};
  }
  Require(padding == NCRYPT_PAD_PKCS1_FLAG || padding == NCRYPT_PAD_PSS_FLAG, Code(NTE_BAD_FLAGS));
  Require(paddingInfo, Code(NTE_INVALID_PARAMETER));
  return padding == NCRYPT_PAD_PKCS1_FLAG ? Pkcs1Input(paddingInfo, digest)
                                          : PssInput(paddingInfo, digest, type.bits / 8);
}

Bytes DecryptOaep(CardKeys& keys, const CardKey& key, const Bytes& ciphertext,
                  const void* paddingInfo) {
  Require(paddingInfo, Code(NTE_INVALID_PARAMETER));
  const auto* const info = static_cast<const BCRYPT_OAEP_PADDING_INFO*>(paddingInfo);
  Require(info->pbLabel || info->cbLabel == 0, Code(NTE_INVALID_PARAMETER));
  const Hash hash = HashOf(info->pszAlgId);
  const Bytes label(info->pbLabel, info->pbLabel + info->cbLabel);
  const std::optional<Bytes> plain = DecodeOaep(hash, label, keys.Decrypt(key, ciphertext, true));
  Require(plain.has_value(), Code(NTE_BAD_DATA));
  return *plain;
}

Bytes DecryptPkcs1(CardKeys& keys, const CardKey& key, const Bytes& ciphertext) {
  try {
    return keys.Decrypt(key, ciphertext, false);
  } catch (const CardError& error) {
    // The card's word for a block that is not padded so.
    Require(error.statusWord() != 0x6A80, Code(NTE_BAD_DATA));
    throw;
  }
}

Json HashArgument(LPCWSTR name) {
  return name ? Json(Utf8(name)) : Json();
}

/** What the record has of a padding: the structure is the one that the flag says. */
Json PaddingArguments(const void* info, DWORD flags) {
  if (!info) return Json();
  if (flags & NCRYPT_PAD_PSS_FLAG) {
    const auto* const pss = static_cast<const BCRYPT_PSS_PADDING_INFO*>(info);
    return Json(Json::Object{{"hash", HashArgument(pss->pszAlgId)}, {"salt", pss->cbSalt}});
  }
  if (flags & NCRYPT_PAD_OAEP_FLAG) {
    const auto* const oaep = static_cast<const BCRYPT_OAEP_PADDING_INFO*>(info);
    return Json(Json::Object{{"hash", HashArgument(oaep->pszAlgId)}, {"label", oaep->cbLabel}});
  }
  if (flags & NCRYPT_PAD_PKCS1_FLAG) {
    const auto* const pkcs1 = static_cast<const BCRYPT_PKCS1_PADDING_INFO*>(info);
    return Json(Json::Object{{"hash", HashArgument(pkcs1->pszAlgId)}});
  }
  return Json();
}

}  // namespace

extern "C" {

SECURITY_STATUS WINAPI NCryptSignHash(NCRYPT_KEY_HANDLE key, VOID* paddingInfo, PBYTE hash,
                                      DWORD hashSize, PBYTE signature, DWORD room, DWORD* size,
                                      DWORD flags) {
  Json::Object arguments = {
      {"flags", flags}, {"hashSize", hashSize}, {"padding", PaddingArguments(paddingInfo, flags)}};
  return Ncrypt("NCryptSignHash", std::move(arguments), [&] {
    const std::shared_ptr<Key> found = FindKey(key);
    AllowFlags(flags, NCRYPT_SILENT_FLAG | NCRYPT_PAD_PKCS1_FLAG | NCRYPT_PAD_PSS_FLAG);
    Require(hash && hashSize > 0 && size, Code(NTE_INVALID_PARAMETER));
    const std::lock_guard<std::mutex> lock(found->mutex);
    const CardKey& onCard = Finalized(*found);
    const SignInput input = InputFor(onCard.type, paddingInfo, Bytes(hash, hash + hashSize), flags);
    *size = onCard.type.SignatureLength();
    if (!signature) return;
    Require(room >= *size, Code(NTE_BUFFER_TOO_SMALL));
    CardTransaction card(found->reader);
    card.VerifyCachedPin(IsSilent(flags));
    DeliverOutput(card.keys().Sign(onCard, input.block, input.raw), signature, room, size);
  });
}

SECURITY_STATUS WINAPI NCryptDecrypt(NCRYPT_KEY_HANDLE key, PBYTE ciphertext, DWORD ciphertextSize,
                                     VOID* paddingInfo, PBYTE out, DWORD room, DWORD* size,
                                     DWORD flags) {
  Json::Object arguments = {{"flags", flags}, {"padding", PaddingArguments(paddingInfo, flags)}};
  return Ncrypt("NCryptDecrypt", std::move(arguments), [&] {
    const std::shared_ptr<Key> found = FindKey(key);
    AllowFlags(flags, NCRYPT_SILENT_FLAG | NCRYPT_PAD_PKCS1_FLAG | NCRYPT_PAD_OAEP_FLAG);
    const DWORD padding = flags & (NCRYPT_PAD_PKCS1_FLAG | NCRYPT_PAD_OAEP_FLAG);
    const bool isOaep = padding == NCRYPT_PAD_OAEP_FLAG;
    Require(isOaep || padding == NCRYPT_PAD_PKCS1_FLAG, Code(NTE_BAD_FLAGS));
    Require(ciphertext && size, Code(NTE_INVALID_PARAMETER));
    const std::lock_guard<std::mutex> lock(found->mutex);
    const CardKey& onCard = Finalized(*found);
    Require(onCard.type.isRsa(), Code(NTE_NOT_SUPPORTED));
    Require(onCard.isKeyExchange, Code(NTE_PERM));
    Require(ciphertextSize == onCard.type.bits / 8, Code(NTE_INVALID_PARAMETER));
    *size = onCard.type.bits / 8;
    if (!out) return;
    CardTransaction card(found->reader);
    card.VerifyCachedPin(IsSilent(flags));
    const Bytes input(ciphertext, ciphertext + ciphertextSize);
    Bytes plain = isOaep ? DecryptOaep(card.keys(), onCard, input, paddingInfo)
                         : DecryptPkcs1(card.keys(), onCard, input);
    DeliverOutput(plain, out, room, size);
    Wipe(plain);
  });
}

}  // extern "C"
