#include "common/call.h"

#include <windows.h>

#include <cstdio>

namespace lab {

Json Announce(const Component& component, const char* call, Json::Object arguments,
              const std::string& further) {
  const Json answer = ForwarderClient::Ask(
      "enter",
      {{"component", component.name}, {"call", call}, {"arguments", std::move(arguments)}});
  const Json& plan = answer.At("plan");
  if (plan.IsNull()) return plan;
  for (const Json::Member& member : plan.Members()) {
    const bool known = member.first == "delayMs" || member.first == "hang" ||
                       member.first == "result" || member.first == further;
    Require(known, component.internalError);
  }
  if (const Json* delay = plan.Find("delayMs")) Sleep(static_cast<DWORD>(delay->Number()));
  if (const Json* hang = plan.Find("hang"); hang && hang->Boolean()) {
    for (;;) Sleep(INFINITE);
  }
  if (const Json* result = plan.Find("result")) {
    throw StatusError(static_cast<uint32_t>(result->Number()));
  }
  return plan;
}

uint32_t CodeOfCurrentException(const Component& component) noexcept {
  try {
    throw;
  } catch (const StatusError& error) {
    return error.code();
  } catch (const ForwarderError& error) {
    if (error.code() == "ERR_LAB_UNREACHABLE") return component.serviceStopped;
    if (error.code() == "ERR_CARD_NOT_FOUND" || error.code() == "ERR_CLOSED") {
      return component.cardGone;
    }
    std::fprintf(stderr, "%s double: %s %s\n", component.name, error.code().c_str(), error.what());
    return component.internalError;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s double: %s\n", component.name, error.what());
    return component.internalError;
  } catch (...) {
    return component.internalError;
  }
}

}  // namespace lab
