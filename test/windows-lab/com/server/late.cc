#include "server/late.h"

#include <thread>

namespace lab {
namespace {

/** Long after the client has its answer. */
constexpr DWORD kLateMs = 300;

}  // namespace

void CallBackLate(ITpmVirtualSmartCardManagerStatusCallback* callback, int status) {
  callback->AddRef();
  std::thread([callback, status] {
    CoInitializeEx(nullptr, COINIT_MULTITHREADED);
    Sleep(kLateMs);
    callback->ReportProgress(static_cast<TPMVSCMGR_STATUS>(status));
    callback->Release();
    CoUninitialize();
  }).detach();
}

}  // namespace lab
