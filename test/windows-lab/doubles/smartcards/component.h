#pragma once

#include <windows.h>

#include "common/call.h"

namespace lab {

/** A forwarder that is gone is a smart card service that does not run (SCARD_E_NO_SERVICE). */
constexpr Component kSmartCards = {"smartcards", static_cast<uint32_t>(E_UNEXPECTED), 0x8010001D,
                                   static_cast<uint32_t>(E_UNEXPECTED)};

/** E_ILLEGAL_METHOD_CALL: asked at the wrong time. */
constexpr uint32_t kIllegalMethodCall = 0x8000000E;

/** The frame of a method that is announced: as Announce, with a field of the plan for the body. */
template <typename Body>
HRESULT Method(const char* call, Json::Object arguments, Body body,
               const std::string& further = "") {
  try {
    body(Announce(kSmartCards, call, std::move(arguments), further));
    return S_OK;
  } catch (...) {
    return static_cast<HRESULT>(CodeOfCurrentException(kSmartCards));
  }
}

/** Where an object or a string is received: somewhere, and nothing there that would be lost. */
template <typename Received>
void RequireReceiver(Received* receiver) {
  Require(receiver != nullptr, static_cast<uint32_t>(E_POINTER));
  Require(*receiver == nullptr, static_cast<uint32_t>(E_INVALIDARG));
}

}  // namespace lab
