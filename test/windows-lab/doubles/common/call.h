#pragma once

#include <string>

#include "common/forwarder_client.h"
#include "common/status_error.h"

namespace lab {

/** What a DLL calls itself to the forwarder, and what it answers when nothing better is known. */
struct Component {
  const char* name;
  /** For a failure inside the double, or a script that it does not understand. */
  uint32_t internalError;
  /** When the forwarder cannot be reached: the service behind the API does not run. */
  uint32_t serviceStopped;
  /** When the card was destroyed under the call. */
  uint32_t cardGone;
};

/**
 * Announces a call, and carries out what a test scripted for it. Throws StatusError for a scripted
 * result; returns when the call is to go on: the plan, or null. `further` is a field of the plan
 * that the caller carries out.
 */
Json Announce(const Component& component, const char* call, Json::Object arguments,
              const std::string& further = "");

/** The code for the exception that is being handled. */
uint32_t CodeOfCurrentException(const Component& component) noexcept;

/** The frame of every exported function: announce, do, and turn every failure into a code. */
template <typename Body>
uint32_t Enter(const Component& component, const char* call, Json::Object arguments, Body body) {
  try {
    Announce(component, call, std::move(arguments));
    body();
    return 0;
  } catch (...) {
    return CodeOfCurrentException(component);
  }
}

}  // namespace lab
