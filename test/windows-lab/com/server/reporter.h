#pragma once

#include "server/plan.h"
#include "tpmvscmgr.h"

namespace lab {

/** Tells a callback, if there is one, how a call gets on. */
class Reporter {
 public:
  Reporter(ITpmVirtualSmartCardManagerStatusCallback* callback, const Plan& plan)
      : callback_(callback), plan_(plan) {}

  /** Reports a status; throws Aborted when the callback asks for an end. */
  void Progress(int status) const;
  /** Reports a status of a call that can no longer be stopped. */
  void ProgressOnly(int status) const;
  void Errors(const std::vector<int>& errors) const;

 private:
  ITpmVirtualSmartCardManagerStatusCallback* const callback_;
  const Plan& plan_;
};

}  // namespace lab
