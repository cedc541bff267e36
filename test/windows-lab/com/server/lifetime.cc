#include "server/lifetime.h"

#include <objbase.h>

namespace lab {
namespace {

/** A new process for each of a test's calls would take longer than the call. */
constexpr DWORD kLingerMs = 3000;

/** The exit code of a process that crashed with an access violation. */
constexpr UINT kCrashed = 0xC0000005;

}  // namespace

Lifetime& Lifetime::Instance() {
  static Lifetime* const instance = new Lifetime;
  return *instance;
}

void Lifetime::Offer(const CLSID& classId, IUnknown* factory) {
  DWORD registration = 0;
  const HRESULT result = CoRegisterClassObject(classId, factory, CLSCTX_LOCAL_SERVER,
                                               REGCLS_MULTIPLEUSE, &registration);
  if (FAILED(result)) ExitProcess(static_cast<UINT>(result));
  registrations_.push_back(registration);
}

void Lifetime::ObjectCreated() {
  CoAddRefServerProcess();
  ResetEvent(unused_);
}

void Lifetime::ObjectDestroyed() {
  // COM's count suspends the classes when it reaches 0; while this process lingers they go on.
  if (CoReleaseServerProcess() != 0) return;
  SetEvent(unused_);
  CoResumeClassObjects();
}

void Lifetime::WaitUntilUnused() {
  for (;;) {
    WaitForSingleObject(unused_, INFINITE);
    Sleep(kLingerMs);
    if (WaitForSingleObject(unused_, 0) == WAIT_OBJECT_0) break;
  }
  WithdrawClasses();
}

void Lifetime::Crash() {
  WithdrawClasses();
  TerminateProcess(GetCurrentProcess(), kCrashed);
  for (;;) Sleep(INFINITE);
}

void Lifetime::WithdrawClasses() {
  for (const DWORD registration : registrations_) CoRevokeClassObject(registration);
  registrations_.clear();
}

}  // namespace lab
