#pragma once

#include "windows/keys/card_keys.h"
#include "windows/keys/crypt_handles.h"

namespace vsc {

// What the CSP can, in its own words. Both throw NativeError INVALID_ARGUMENT for what it cannot.

/** The algorithm of the hash that is to be signed. */
ALG_ID CspHashAlgorithm(const KeyScheme& scheme);

/** CryptDecrypt's flags. */
DWORD CspDecryptFlags(const KeyScheme& scheme);

}  // namespace vsc
