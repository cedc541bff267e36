#include "server/plan.h"

#include "common/forwarder_client.h"
#include "server/failure.h"
#include "server/service.h"

namespace lab {

Plan Plan::Enter(const std::string& method, Json::Object arguments) {
  const Json answer = ForwarderClient::Ask(
      "enter", {{"component", "com"}, {"call", method}, {"arguments", std::move(arguments)}});
  Plan plan;
  const Json& scripted = answer.At("plan");
  if (scripted.IsNull()) return plan;
  for (const Json::Member& member : scripted.Members()) plan.Read(member.first, member.second);
  return plan;
}

void Plan::Read(const std::string& field, const Json& value) {
  const auto number = [&value] { return static_cast<unsigned>(value.Number()); };
  if (field == "delayMs") {
    delayMs_ = number();
  } else if (field == "stepMs") {
    stepMs_ = number();
  } else if (field == "hang") {
    hang_ = value.Boolean();
  } else if (field == "crash") {
    crash_ = value.Boolean();
  } else if (field == "result") {
    result_ = static_cast<uint32_t>(value.Number());
  } else if (field == "errors") {
    for (const Json& error : value.Elements()) errors_.push_back(static_cast<int>(error.Number()));
  } else if (field == "after") {
    after_ = static_cast<int>(value.Number());
  } else if (field == "keepOnAbort") {
    keepOnAbort = value.Boolean();
  } else if (field == "needReboot") {
    needReboot = value.Boolean();
  } else if (field == "nullInstanceId") {
    nullInstanceId = value.Boolean();
  } else if (field == "readerLagMs") {
    readerLagMs = number();
  } else if (field == "lateCallback") {
    lateCallback = static_cast<int>(value.Number());
  } else {
    throw Failure(E_UNEXPECTED, {});
  }
}

void Plan::Begin() const {
  Sleep(delayMs_);
  if (!after_) StrikeHere();
}

void Plan::After(int status) const {
  Sleep(stepMs_);
  if (after_ == status) StrikeHere();
}

void Plan::StrikeHere() const {
  if (hang_) Sleep(INFINITE);
  if (crash_) Service::Instance().Crash();
  if (result_ || !errors_.empty()) throw Failure(result_.value_or(E_FAIL), errors_);
}

}  // namespace lab
