// Hashes, and signatures over them.

#include <algorithm>

#include "card/card_transaction.h"
#include "csp/contexts.h"
#include "csp/output.h"

using namespace lab;

namespace {

const struct {
  ALG_ID algorithm;
  Hash hash;
} kHashes[] = {
    {CALG_SHA1, Hash::kSha1},
    {CALG_SHA_256, Hash::kSha256},
    {CALG_SHA_384, Hash::kSha384},
    {CALG_SHA_512, Hash::kSha512},
};

/** The value; asking for it ends the hash. */
const Bytes& ValueOf(HashObject& object) {
  if (!object.value) object.value = Digest(object.hash, object.data);
  return *object.value;
}

}  // namespace

extern "C" {

BOOL WINAPI CPCreateHash(HCRYPTPROV handle, ALG_ID algorithm, HCRYPTKEY key, DWORD flags,
                         HCRYPTHASH* hash) {
  return Csp("CPCreateHash", {{"algorithm", algorithm}}, [&] {
    const LockedContext context(handle);
    AllowFlags(flags, 0);
    Require(hash, ERROR_INVALID_PARAMETER);
    Require(key == 0, Code(NTE_BAD_KEY));
    const auto found = std::find_if(std::begin(kHashes), std::end(kHashes),
                                    [&](const auto& each) { return each.algorithm == algorithm; });
    Require(found != std::end(kHashes), Code(NTE_BAD_ALGID));
    *hash = NextHandle();
    context->hashes.emplace(*hash, HashObject{algorithm, found->hash, {}, {}});
  });
}

BOOL WINAPI CPDestroyHash(HCRYPTPROV handle, HCRYPTHASH hash) {
  return Csp("CPDestroyHash", {}, [&] {
    const LockedContext context(handle);
    Require(context->hashes.erase(hash) == 1, Code(NTE_BAD_HASH));
  });
}

BOOL WINAPI CPHashData(HCRYPTPROV handle, HCRYPTHASH hash, const BYTE* data, DWORD size,
                       DWORD flags) {
  return Csp("CPHashData", {{"size", size}}, [&] {
    const LockedContext context(handle);
    HashObject& object = context.HashOf(hash);
    AllowFlags(flags, 0);
    Require(data || size == 0, ERROR_INVALID_PARAMETER);
    Require(!object.value, Code(NTE_BAD_HASH_STATE));
    object.data.insert(object.data.end(), data, data + size);
  });
}

BOOL WINAPI CPGetHashParam(HCRYPTPROV handle, HCRYPTHASH hash, DWORD parameter, BYTE* data,
                           DWORD* size, DWORD flags) {
  return Csp("CPGetHashParam", {{"parameter", parameter}}, [&] {
    const LockedContext context(handle);
    HashObject& object = context.HashOf(hash);
    AllowFlags(flags, 0);
    switch (parameter) {
      case HP_ALGID:
        DeliverData(NumberData(object.algorithm), data, size);
        return;
      case HP_HASHSIZE:
        DeliverData(NumberData(static_cast<uint32_t>(HashLength(object.hash))), data, size);
        return;
      case HP_HASHVAL:
        DeliverData(ValueOf(object), data, size);
        return;
      default:
        throw StatusError(Code(NTE_BAD_TYPE));
    }
  });
}

BOOL WINAPI CPSetHashParam(HCRYPTPROV handle, HCRYPTHASH hash, DWORD parameter, const BYTE* data,
                           DWORD flags) {
  return Csp("CPSetHashParam", {{"parameter", parameter}}, [&] {
    const LockedContext context(handle);
    HashObject& object = context.HashOf(hash);
    AllowFlags(flags, 0);
    Require(parameter == HP_HASHVAL, Code(NTE_BAD_TYPE));
    Require(data, ERROR_INVALID_PARAMETER);
    Require(!object.value && object.data.empty(), Code(NTE_BAD_HASH_STATE));
    object.value = Bytes(data, data + HashLength(object.hash));
  });
}

BOOL WINAPI CPSignHash(HCRYPTPROV handle, HCRYPTHASH hash, DWORD keySpec, LPCWSTR description,
                       DWORD flags, BYTE* signature, DWORD* size) {
  return Csp("CPSignHash", {{"keySpec", keySpec}, {"flags", flags}}, [&] {
    const LockedContext context(handle);
    HashObject& object = context.HashOf(hash);
    AllowFlags(flags, CRYPT_NOHASHOID);
    Require(!description && size, ERROR_INVALID_PARAMETER);
    Require(!context->isVerifyOnly, Code(NTE_PERM));
    CardTransaction card(context->reader);
    const std::optional<CardKey> key = card.keys().Find(context->container);
    Require(key && key->isKeyExchange == (keySpec == AT_KEYEXCHANGE), Code(NTE_NO_KEY));
    Require(key->type.isRsa(), Code(NTE_BAD_ALGID));
    const DWORD length = key->type.SignatureLength();
    Require(!signature || *size >= length, ERROR_MORE_DATA);
    if (!signature) {
      *size = length;
      return;
    }
    card.VerifyCachedPin(context->isSilent);
    const Bytes& value = ValueOf(object);
    const bool isBare = flags & CRYPT_NOHASHOID;
    Bytes signedBlock =
        card.keys().Sign(*key, isBare ? value : DigestInfo(object.hash, value), false);
    // CryptoAPI's numbers are little-endian.
    std::reverse(signedBlock.begin(), signedBlock.end());
    DeliverData(signedBlock, signature, size);
  });
}

}  // extern "C"
