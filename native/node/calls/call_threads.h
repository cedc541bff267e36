#pragma once

#include <functional>

namespace vsc {

/**
 * The process's threads for calls into the system. A call has its thread to itself, and one that
 * never returns keeps it; the thread of one that has returned serves the next call, if one comes
 * soon.
 */
class CallThreads {
 public:
  CallThreads() = delete;

  /** Runs it on a thread that is idle, else on a new one. Throws std::system_error when there is
   * none. */
  static void Run(std::function<void()> work);
};

}  // namespace vsc
