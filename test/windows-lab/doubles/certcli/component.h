#pragma once

#include <windows.h>

#include "common/call.h"

namespace lab {

/** A forwarder that is gone is an authority that is gone (RPC_S_SERVER_UNAVAILABLE). */
constexpr Component kCertcli = {"certcli", static_cast<uint32_t>(E_UNEXPECTED), 0x800706BA,
                                static_cast<uint32_t>(E_UNEXPECTED)};

/** As Enter of common/call.h, for methods of COM. */
template <typename Body>
HRESULT Method(const char* call, Json::Object arguments, Body body) {
  return static_cast<HRESULT>(Enter(kCertcli, call, std::move(arguments), body));
}

/** Fails with E_INVALIDARG, or E_POINTER, unless it is as the documentation wants it. */
inline void RequireArgument(bool holds) {
  Require(holds, static_cast<uint32_t>(E_INVALIDARG));
}
inline void RequirePointer(const void* pointer) {
  Require(pointer != nullptr, static_cast<uint32_t>(E_POINTER));
}

}  // namespace lab
