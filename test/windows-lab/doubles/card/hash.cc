#include "card/hash.h"

#include <windows.h>
#include <bcrypt.h>
#include <winscard.h>

#include "card/tlv.h"
#include "common/status_error.h"

namespace lab {
namespace {

const struct {
  Hash hash;
  const wchar_t* name;
  size_t length;
  Bytes objectId;
} kHashes[] = {
    {Hash::kSha1, L"SHA1", 20, {0x2B, 0x0E, 0x03, 0x02, 0x1A}},
    {Hash::kSha256, L"SHA256", 32, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}},
    {Hash::kSha384, L"SHA384", 48, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}},
    {Hash::kSha512, L"SHA512", 64, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}},
};

const auto& Entry(Hash hash) {
  return kHashes[static_cast<int>(hash)];
}

}  // namespace

size_t HashLength(Hash hash) {
  return Entry(hash).length;
}

Bytes Digest(Hash hash, const Bytes& data) {
  BCRYPT_ALG_HANDLE algorithm = nullptr;
  Bytes digest(HashLength(hash));
  NTSTATUS status = BCryptOpenAlgorithmProvider(&algorithm, Entry(hash).name, nullptr, 0);
  if (status == 0) {
    status = BCryptHash(algorithm, nullptr, 0, const_cast<PUCHAR>(data.data()),
                        static_cast<ULONG>(data.size()), digest.data(),
                        static_cast<ULONG>(digest.size()));
    BCryptCloseAlgorithmProvider(algorithm, 0);
  }
  Require(status == 0, static_cast<uint32_t>(SCARD_F_INTERNAL_ERROR));
  return digest;
}

std::optional<Hash> HashNamed(const std::wstring& name) {
  for (const auto& entry : kHashes) {
    if (name == entry.name) return entry.hash;
  }
  return std::nullopt;
}

Bytes DigestInfo(Hash hash, const Bytes& digest) {
  const Bytes algorithm = Tlv(0x30, Tlv(0x06, Entry(hash).objectId) + Tlv(0x05, {}));
  return Tlv(0x30, algorithm + Tlv(0x04, digest));
}

Bytes RandomBytes(size_t size) {
  Bytes bytes(size);
  const NTSTATUS status = BCryptGenRandom(nullptr, bytes.data(), static_cast<ULONG>(size),
                                          BCRYPT_USE_SYSTEM_PREFERRED_RNG);
  Require(status == 0, static_cast<uint32_t>(SCARD_F_INTERNAL_ERROR));
  return bytes;
}

}  // namespace lab
