#pragma once

#include <windows.h>

#include <mutex>
#include <vector>

namespace lab {

/** What this process offers. It serves until the lab ends, or until a test lets it crash. */
class Service {
 public:
  static Service& Instance();

  /** Offers a class to everybody. */
  void Offer(const CLSID& classId, IUnknown* factory);
  /** Never returns. */
  [[noreturn]] void Serve();
  /**
   * Ends the process as a crash would, in the middle of what it does. The classes are withdrawn
   * first, because Wine would go on to send callers to the dead process, and another one takes
   * over.
   */
  [[noreturn]] void Crash();

 private:
  std::mutex mutex_;
  std::vector<DWORD> registrations_;
};

}  // namespace lab
