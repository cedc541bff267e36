#include "server/service.h"

#include <objbase.h>

#include <thread>

namespace lab {
namespace {

/** The exit code of a process that crashed with an access violation. */
constexpr UINT kCrashed = 0xC0000005;

/** Withdrawing a class may wait for a call that hangs, but by then it is withdrawn. */
constexpr DWORD kWithdrawalMs = 300;

/** Set by a process when it serves. */
constexpr wchar_t kServing[] = L"VirtualSmartCardLabServing";
constexpr DWORD kStartMs = 10000;

/**
 * Starts the next server before this one ends: when several clients find none and each starts one,
 * Wine now and then loses one of them.
 */
void StartSuccessor() {
  const HANDLE serving = CreateEventW(nullptr, FALSE, FALSE, kServing);
  wchar_t program[MAX_PATH];
  GetModuleFileNameW(nullptr, program, MAX_PATH);
  STARTUPINFOW startup = {};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION process = {};
  CreateProcessW(program, nullptr, nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup,
                 &process);
  WaitForSingleObject(serving, kStartMs);
}

}  // namespace

Service& Service::Instance() {
  static Service* const instance = new Service;
  return *instance;
}

void Service::Offer(const CLSID& classId, IUnknown* factory) {
  DWORD registration = 0;
  const HRESULT result = CoRegisterClassObject(classId, factory, CLSCTX_LOCAL_SERVER,
                                               REGCLS_MULTIPLEUSE, &registration);
  if (FAILED(result)) ExitProcess(static_cast<UINT>(result));
  const std::lock_guard<std::mutex> lock(mutex_);
  registrations_.push_back(registration);
}

void Service::Serve() {
  if (const HANDLE serving = OpenEventW(EVENT_MODIFY_STATE, FALSE, kServing)) SetEvent(serving);
  // The calls come on threads of their own.
  for (;;) Sleep(INFINITE);
}

void Service::Crash() {
  // Never let go of: the process ends with it.
  mutex_.lock();
  for (const DWORD registration : registrations_) {
    std::thread([registration] { CoRevokeClassObject(registration); }).detach();
  }
  Sleep(kWithdrawalMs);
  StartSuccessor();
  TerminateProcess(GetCurrentProcess(), kCrashed);
  for (;;) Sleep(INFINITE);
}

}  // namespace lab
