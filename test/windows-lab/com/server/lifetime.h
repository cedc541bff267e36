#pragma once

#include <windows.h>

#include <vector>

namespace lab {

/** How long this process serves: while objects live, and a little longer. */
class Lifetime {
 public:
  static Lifetime& Instance();

  /** Offers a class to everybody, until the process ends. */
  void Offer(const CLSID& classId, IUnknown* factory);
  void ObjectCreated();
  void ObjectDestroyed();
  /** Returns when nobody has used the server for a while. */
  void WaitUntilUnused();
  /**
   * Ends the process as a crash would, in the middle of what it does. The classes are withdrawn
   * first, because Wine would go on to send callers to the dead process.
   */
  [[noreturn]] void Crash();

 private:
  void WithdrawClasses();

  std::vector<DWORD> registrations_;
  HANDLE unused_ = CreateEventW(nullptr, TRUE, TRUE, nullptr);
};

/** Counts one object for as long as it lives. */
class ObjectCount {
 public:
  ObjectCount() { Lifetime::Instance().ObjectCreated(); }
  ~ObjectCount() { Lifetime::Instance().ObjectDestroyed(); }
  ObjectCount(const ObjectCount&) = delete;
  ObjectCount& operator=(const ObjectCount&) = delete;
};

}  // namespace lab
