#include "windows/winrt/await_operation.h"

#include <algorithm>

namespace vsc {

namespace {

/** How long to sleep between two looks, in milliseconds: a short operation is not kept waiting. */
constexpr DWORD kFirstPause = 1;
constexpr DWORD kLongestPause = 50;

}  // namespace

void AwaitCompletion(CallLine& line, IUnknown* operation, const std::string& action) {
  if (operation == nullptr) throw HresultError(E_POINTER, action);
  ComPtr<winrt::AsyncInfo> info;
  CheckHresult(operation->QueryInterface(winrt::kAsyncInfo, info.Receive()), action);
  const winrt::AsyncInfoTable& table = *info.get()->table;
  for (DWORD pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    winrt::AsyncStatus status = winrt::AsyncStatus::kStarted;
    CheckHresult(table.get_Status(info.get(), &status), action);
    if (status == winrt::AsyncStatus::kCompleted) return;
    if (status == winrt::AsyncStatus::kCanceled) {
      throw HresultError(HRESULT_FROM_WIN32(ERROR_CANCELLED), action);
    }
    if (status == winrt::AsyncStatus::kError) {
      HRESULT code = E_FAIL;
      CheckHresult(table.get_ErrorCode(info.get(), &code), action);
      throw HresultError(FAILED(code) ? code : E_FAIL, action);
    }
    if (line.stop_requested()) {
      // Nobody waits for its answer.
      table.Cancel(info.get());
      throw HresultError(E_ABORT, action);
    }
    Sleep(pause);
  }
}

}  // namespace vsc
