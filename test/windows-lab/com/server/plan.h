#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/json.h"

namespace lab {

/** What a test scripted for one call of the manager; README.md has the fields. */
class Plan {
 public:
  /** Announces the call, with all that it was called with, and takes the plan for it. */
  static Plan Enter(const std::string& method, Json::Object arguments);

  /** What comes before everything: the delay, the hang, the crash, the failure. */
  void Begin() const;
  /** What is scripted for the moment after a status was reported. */
  void After(int status) const;

  bool keepOnAbort = false;
  bool needReboot = false;
  bool nullInstanceId = false;
  unsigned readerLagMs = 0;
  /** The status that is reported once more, long after the call has returned. */
  std::optional<int> lateCallback;

 private:
  void Read(const std::string& field, const Json& value);
  void StrikeHere() const;

  unsigned delayMs_ = 0;
  unsigned stepMs_ = 0;
  bool hang_ = false;
  bool crash_ = false;
  std::optional<uint32_t> result_;
  std::vector<int> errors_;
  /** Hang, crash or failure strike after this status instead of at the start. */
  std::optional<int> after_;
};

}  // namespace lab
