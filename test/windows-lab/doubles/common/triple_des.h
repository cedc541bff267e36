#pragma once

#include "common/bytes.h"

namespace lab {

/** 3DES of one block of 8 bytes with a 24-byte key, by the system's own software provider. */
Bytes TripleDesBlock(const Bytes& key, const Bytes& block);

}  // namespace lab
