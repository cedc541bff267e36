#pragma once

#define WINSCARDAPI
#define WINSCARDDATA
#include <windows.h>
#include <winscard.h>

#include "common/call.h"

namespace lab {

constexpr Component kWinscard = {"winscard", static_cast<uint32_t>(SCARD_F_INTERNAL_ERROR),
                                 static_cast<uint32_t>(SCARD_E_NO_SERVICE),
                                 static_cast<uint32_t>(SCARD_E_READER_UNAVAILABLE)};

/** The SCARD_* constants are signed in the header. */
constexpr uint32_t Code(long value) {
  return static_cast<uint32_t>(value);
}

template <typename Body>
LONG Scard(const char* call, Json::Object arguments, Body body) {
  return static_cast<LONG>(Enter(kWinscard, call, std::move(arguments), body));
}

}  // namespace lab
