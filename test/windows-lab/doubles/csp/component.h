#pragma once

#include <windows.h>
#include <wincrypt.h>
#include <winscard.h>

#include "common/call.h"

namespace lab {

/** The NTE_* and SCARD_* constants are signed in the headers. */
constexpr uint32_t Code(long value) {
  return static_cast<uint32_t>(value);
}

constexpr Component kCsp = {"csp", Code(NTE_FAIL), Code(SCARD_E_NO_SERVICE),
                            Code(SCARD_E_READER_UNAVAILABLE)};

/** The frame of a CSP's function: FALSE and the code as the thread's last error for a failure. */
template <typename Body>
BOOL Csp(const char* call, Json::Object arguments, Body body) {
  const uint32_t code = Enter(kCsp, call, std::move(arguments), body);
  if (code != 0) SetLastError(code);
  return code == 0;
}

/** Only these flags may be set: NTE_BAD_FLAGS. */
inline void AllowFlags(DWORD flags, DWORD allowed) {
  Require((flags & ~allowed) == 0, Code(NTE_BAD_FLAGS));
}

}  // namespace lab
