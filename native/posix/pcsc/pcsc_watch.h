#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "node/calls/system_call.h"
#include "posix/pcsc/pcsc_context.h"

namespace vsc {

/**
 * Tells of readers and cards that come or go, until it is cancelled: the event `changed` each time,
 * and once at the start. What changed is for the listener to look up.
 */
class WatchPcscReadersCall final : public SystemCall {
 public:
  void Work(CallLine& line) override;
  void Cancel() noexcept override;

 private:
  /** Shared with the thread that cancels. */
  struct Wait {
    std::mutex mutex;
    PcscContext context;
  };

  /** Waits for a change after `states`, which it brings up to date. False when there was none. */
  bool WaitForChange(std::vector<ScardReaderState>& states);

  const std::shared_ptr<Wait> wait_ = std::make_shared<Wait>();
};

}  // namespace vsc
