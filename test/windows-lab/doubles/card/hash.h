#pragma once

#include <optional>
#include <string>

#include "common/bytes.h"

namespace lab {

enum class Hash { kSha1, kSha256, kSha384, kSha512 };

size_t HashLength(Hash hash);
Bytes Digest(Hash hash, const Bytes& data);
/** By CNG's name, for example SHA256. */
std::optional<Hash> HashNamed(const std::wstring& name);
/** The DER in front of the digest in a PKCS#1 signature (RFC 8017, note in section 9.2), and it. */
Bytes DigestInfo(Hash hash, const Bytes& digest);

Bytes RandomBytes(size_t size);

}  // namespace lab
