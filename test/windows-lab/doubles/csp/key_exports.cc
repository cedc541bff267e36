// Keys: made, opened, exported, used.

#include <algorithm>

#include "card/card_transaction.h"
#include "card/rsa_padding.h"
#include "csp/contexts.h"
#include "csp/output.h"

using namespace lab;

namespace {

/** Without a length in the flags' upper half: DefaultPrivateKeyLenBits. */
constexpr DWORD kDefaultBits = 1024;
constexpr DWORD kOaep = CRYPT_OAEP;

CardKey KeyOf(CardTransaction& card, const CspContext& context) {
  const std::optional<CardKey> key = card.keys().Find(context.container);
  Require(key.has_value(), Code(NTE_NO_KEY));
  // CryptoAPI knows no elliptic curves.
  Require(key->type.isRsa(), Code(NTE_BAD_ALGID));
  return *key;
}

void CheckPrivate(const CspContext& context) {
  Require(!context.isVerifyOnly, Code(NTE_PERM));
}

ALG_ID AlgorithmOf(const CardKey& key) {
  return key.isKeyExchange ? CALG_RSA_KEYX : CALG_RSA_SIGN;
}

Bytes PublicKeyBlob(const CardKey& key, const PublicKeyParts& parts) {
  Bytes blob = {PUBLICKEYBLOB, CUR_BLOB_VERSION, 0, 0};
  AppendLittleEndian(blob, AlgorithmOf(key), 4);
  AppendLittleEndian(blob, 0x31415352, 4);
  AppendLittleEndian(blob, key.type.bits, 4);
  Bytes exponent(parts.exponent.rbegin(), parts.exponent.rend());
  exponent.resize(4);
  return blob + exponent + Bytes(parts.modulus.rbegin(), parts.modulus.rend());
}

}  // namespace

extern "C" {

BOOL WINAPI CPGenKey(HCRYPTPROV handle, ALG_ID algorithm, DWORD flags, HCRYPTKEY* key) {
  return Csp("CPGenKey", {{"algorithm", algorithm}, {"flags", flags}}, [&] {
    const LockedContext context(handle);
    CheckPrivate(*context);
    Require(key, ERROR_INVALID_PARAMETER);
    Require(algorithm == AT_KEYEXCHANGE || algorithm == AT_SIGNATURE, Code(NTE_BAD_ALGID));
    // Keys cannot leave the card: CRYPT_EXPORTABLE is refused with all other flags.
    Require((flags & 0xFFFF) == 0, Code(NTE_BAD_FLAGS));
    const DWORD bits = flags >> 16 ? flags >> 16 : kDefaultBits;
    const std::optional<KeyType> type = FindKeyType(L"RSA", bits);
    Require(type.has_value(), Code(NTE_BAD_LEN));
    CardTransaction card(context->reader);
    card.VerifyCachedPin(context->isSilent);
    const CardKey made = card.keys().Create(context->container, *type, algorithm == AT_KEYEXCHANGE);
    EmptyContainers::Remove(context->reader, context->container);
    *key = NextHandle();
    context->keys.emplace(*key, made);
  });
}

BOOL WINAPI CPGetUserKey(HCRYPTPROV handle, DWORD keySpec, HCRYPTKEY* key) {
  return Csp("CPGetUserKey", {{"keySpec", keySpec}}, [&] {
    const LockedContext context(handle);
    CheckPrivate(*context);
    Require(key, ERROR_INVALID_PARAMETER);
    Require(keySpec == AT_KEYEXCHANGE || keySpec == AT_SIGNATURE, Code(NTE_BAD_KEY));
    CardTransaction card(context->reader);
    const CardKey found = KeyOf(card, *context);
    Require(found.isKeyExchange == (keySpec == AT_KEYEXCHANGE), Code(NTE_NO_KEY));
    *key = NextHandle();
    context->keys.emplace(*key, found);
  });
}

BOOL WINAPI CPDestroyKey(HCRYPTPROV handle, HCRYPTKEY key) {
  return Csp("CPDestroyKey", {}, [&] {
    const LockedContext context(handle);
    Require(context->keys.erase(key) == 1, Code(NTE_BAD_KEY));
  });
}

BOOL WINAPI CPExportKey(HCRYPTPROV handle, HCRYPTKEY key, HCRYPTKEY exportKey, DWORD blobType,
                        DWORD flags, BYTE* data, DWORD* size) {
  return Csp("CPExportKey", {{"blobType", blobType}}, [&] {
    const LockedContext context(handle);
    const CardKey& found = context.Key(key);
    AllowFlags(flags, 0);
    Require(exportKey == 0, Code(NTE_BAD_KEY));
    Require(blobType == PUBLICKEYBLOB, Code(NTE_BAD_TYPE));
    CardTransaction card(context->reader);
    DeliverData(PublicKeyBlob(found, card.keys().ReadPublicKey(found)), data, size);
  });
}

BOOL WINAPI CPGetKeyParam(HCRYPTPROV handle, HCRYPTKEY key, DWORD parameter, BYTE* data,
                          DWORD* size, DWORD flags) {
  return Csp("CPGetKeyParam", {{"parameter", parameter}}, [&] {
    const LockedContext context(handle);
    const CardKey& found = context.Key(key);
    AllowFlags(flags, 0);
    if (parameter == KP_ALGID) {
      DeliverData(NumberData(AlgorithmOf(found)), data, size);
    } else if (parameter == KP_KEYLEN || parameter == KP_BLOCKLEN) {
      DeliverData(NumberData(found.type.bits), data, size);
    } else if (parameter == KP_CERTIFICATE) {
      CardTransaction card(context->reader);
      const std::optional<Bytes> certificate =
          card.files().ReadCertificate(found.index, found.isKeyExchange);
      Require(certificate.has_value(), Code(NTE_NOT_FOUND));
      DeliverData(*certificate, data, size);
    } else {
      throw StatusError(Code(NTE_BAD_TYPE));
    }
  });
}

BOOL WINAPI CPSetKeyParam(HCRYPTPROV handle, HCRYPTKEY key, DWORD parameter, BYTE* data,
                          DWORD flags) {
  return Csp("CPSetKeyParam", {{"parameter", parameter}}, [&] {
    const LockedContext context(handle);
    const CardKey& found = context.Key(key);
    AllowFlags(flags, 0);
    Require(parameter == KP_CERTIFICATE, Code(NTE_BAD_TYPE));
    // The certificate's own header is all that tells its length.
    Require(data && data[0] == 0x30 && data[1] == 0x82, Code(NTE_BAD_DATA));
    const size_t length = 4u + (data[2] << 8 | data[3]);
    CardTransaction card(context->reader);
    card.VerifyCachedPin(context->isSilent);
    card.files().WriteCertificate(found.index, found.isKeyExchange, Bytes(data, data + length));
  });
}

BOOL WINAPI CPDecrypt(HCRYPTPROV handle, HCRYPTKEY key, HCRYPTHASH hash, BOOL isFinal, DWORD flags,
                      BYTE* data, DWORD* size) {
  return Csp("CPDecrypt", {{"flags", flags}}, [&] {
    const LockedContext context(handle);
    const CardKey& found = context.Key(key);
    AllowFlags(flags, kOaep);
    Require(hash == 0, Code(NTE_BAD_HASH));
    Require(isFinal && data && size, ERROR_INVALID_PARAMETER);
    Require(found.isKeyExchange, Code(NTE_PERM));
    Require(*size == found.type.bits / 8, Code(NTE_BAD_LEN));
    // CryptoAPI's numbers are little-endian.
    Bytes ciphertext(data, data + *size);
    std::reverse(ciphertext.begin(), ciphertext.end());
    CardTransaction card(context->reader);
    card.VerifyCachedPin(context->isSilent);
    const bool isOaep = flags & kOaep;
    Bytes block = card.keys().Decrypt(found, ciphertext, isOaep);
    if (isOaep) {
      const std::optional<Bytes> plain = DecodeOaep(Hash::kSha1, {}, block);
      Require(plain.has_value(), Code(NTE_BAD_DATA));
      block = *plain;
    }
    std::copy(block.begin(), block.end(), data);
    *size = static_cast<DWORD>(block.size());
  });
}

}  // extern "C"
