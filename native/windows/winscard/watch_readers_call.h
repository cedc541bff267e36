#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "node/calls/system_call.h"
#include "windows/winscard/scard_context.h"

namespace vsc {

/**
 * Tells of readers and cards that come or go, until it is cancelled: the event `changed` each time,
 * and once at the start. What changed is for the listener to look up.
 */
class WatchReadersCall final : public SystemCall {
 public:
  void Work(CallLine& line) override;
  void Cancel() noexcept override;

 private:
  /** Waits for a change after `states`, which it brings up to date. False when there was none. */
  bool WaitForChange(std::vector<SCARD_READERSTATEW>& states);
  void Open(CallLine& line);
  void Close() noexcept;

  std::mutex mutex_;
  ScardContext context_;
};

}  // namespace vsc
