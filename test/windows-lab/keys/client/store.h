#pragma once

#include <windows.h>
// Needs what windows.h declares.
#include <wincrypt.h>

#include "common/json.h"

namespace lab {

/** All certificates of the user's store "My": `{ certificate, link, friendlyName }` each. */
Json ListCertificates();

/** Adds a certificate with what it is given of `link` and `friendlyName`. */
void AddCertificate(const Json& request);

/** Empties the store. */
void ClearStore();

/** A certificate of the store, found by its bytes; the caller frees it. */
PCCERT_CONTEXT FindCertificate(const Json& request);

/** Throws std::runtime_error with the name of a function that failed, and its code. */
void Check(bool done, const char* function, unsigned long code);

}  // namespace lab
