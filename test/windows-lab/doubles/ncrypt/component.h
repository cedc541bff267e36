#pragma once

#include <windows.h>
#include <ncrypt.h>
#include <wincrypt.h>
#include <winscard.h>

#include "common/call.h"

namespace lab {

/** The NTE_* and SCARD_* constants are signed in the headers. */
constexpr uint32_t Code(long value) {
  return static_cast<uint32_t>(value);
}

constexpr Component kNcrypt = {"ncrypt", Code(NTE_INTERNAL_ERROR), Code(SCARD_E_NO_SERVICE),
                               Code(SCARD_E_READER_UNAVAILABLE)};

template <typename Body>
SECURITY_STATUS Ncrypt(const char* call, Json::Object arguments, Body body) {
  return static_cast<SECURITY_STATUS>(Enter(kNcrypt, call, std::move(arguments), body));
}

/** Only these flags may be set: NTE_BAD_FLAGS. */
inline void AllowFlags(DWORD flags, DWORD allowed) {
  Require((flags & ~allowed) == 0, Code(NTE_BAD_FLAGS));
}

inline bool IsSilent(DWORD flags) {
  return flags & NCRYPT_SILENT_FLAG;
}

}  // namespace lab
