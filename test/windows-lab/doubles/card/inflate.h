#pragma once

#include "common/bytes.h"

namespace lab {

/** Decompresses a zlib stream (RFC 1950) of exactly `size` bytes; throws StatusError otherwise. */
Bytes Inflate(const Bytes& stream, size_t size);

/** A zlib stream of stored blocks: valid for every reader, and no compressor is needed. */
Bytes Store(const Bytes& data);

}  // namespace lab
