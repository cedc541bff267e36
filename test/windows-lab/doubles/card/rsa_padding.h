#pragma once

#include <optional>

#include "card/hash.h"

namespace lab {

/** EMSA-PSS with MGF1 of the same hash (RFC 8017, 9.1.1); `size` is the modulus's in bytes. */
Bytes EncodePss(Hash hash, const Bytes& digest, size_t saltLength, size_t size);

/** EME-OAEP (RFC 8017, 7.1.2 step 3); nothing for a block that is not padded so. */
std::optional<Bytes> DecodeOaep(Hash hash, const Bytes& label, const Bytes& block);

}  // namespace lab
