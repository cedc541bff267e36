#pragma once

#include "common/json.h"

namespace lab {

/**
 * Signs `data` (SHA-256, PKCS #1) with the key to which the link of `certificate` leads, and with
 * `pin`. As programs do that know nothing of the card but the certificate: a link of a type other
 * than 0 by CryptoAPI, one of type 0 by CNG. The signature is big-endian.
 */
Json SignByCertificate(const Json& request);

}  // namespace lab
