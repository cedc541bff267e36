#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include "winscard/component.h"

namespace lab {

/** A wait for a change of readers that another thread may cancel. */
struct Wait {
  ForwarderClient client;
  std::atomic<bool> cancelled{false};
};

/** What an SCARDCONTEXT stands for. */
class Context {
 public:
  explicit Context(SCARDCONTEXT number) : number_(number) {}

  SCARDCONTEXT number() const { return number_; }
  void Begin(Wait* wait);
  void End(Wait* wait);
  /** Cancels the waits under way; without any it does nothing, as on Windows. */
  void Cancel();

 private:
  const SCARDCONTEXT number_;
  std::mutex mutex_;
  std::set<Wait*> waits_;
};

/** Makes a context. Its number is never used again in the process. */
SCARDCONTEXT EstablishContext();
/** Throws StatusError(SCARD_E_INVALID_HANDLE). */
std::shared_ptr<Context> FindContext(SCARDCONTEXT number);
/** Forgets the context, cancels its waits and closes its cards. */
void ReleaseContext(SCARDCONTEXT number);

}  // namespace lab
