#pragma once

#include <windows.h>

#include "common/bytes.h"

namespace lab {

/** The first 3 bytes of what a 24-byte 3DES key makes of 8 zero bytes. */
Bytes KeyCheckValue(const BYTE* key);

}  // namespace lab
