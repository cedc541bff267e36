#include "posix/thread_signals.h"

#include <csignal>
#include <initializer_list>

namespace vsc {

void BlockSignals() noexcept {
  sigset_t signals;
  sigfillset(&signals);
  // Faults of this thread itself must not be held back.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    sigdelset(&signals, fault);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace vsc
