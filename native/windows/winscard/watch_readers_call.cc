#include "windows/winscard/watch_readers_call.h"

#include <chrono>
#include <thread>

#include "windows/system/hresult_error.h"
#include "windows/winscard/reader_names.h"

namespace vsc {

namespace {

/** A reader of this name stands for the coming and going of readers. */
constexpr wchar_t kReadersThemselves[] = L"\\\\?PnP?\\Notification";

/** Now and then it looks whether it is to end, should SCardCancel have come too early. */
constexpr DWORD kLongestWait = 1000;

/** Between questions that are answered at once, and wrongly. */
constexpr std::chrono::milliseconds kPause{100};

std::vector<SCARD_READERSTATEW> StatesOf(const std::vector<std::wstring>& names) {
  std::vector<SCARD_READERSTATEW> states(names.size() + 1);
  for (std::size_t i = 0; i < names.size(); ++i) states[i].szReader = names[i].c_str();
  states.back().szReader = kReadersThemselves;
  // The number of readers is in the upper half.
  states.back().dwCurrentState = static_cast<DWORD>(names.size()) << 16;
  return states;
}

bool IsReadersChange(LONG result) {
  return result == SCARD_E_UNKNOWN_READER || result == SCARD_E_READER_UNAVAILABLE;
}

}  // namespace

void WatchReadersCall::Work(CallLine& line) {
  Open(line);
  while (!line.stop_requested()) {
    // Before the event: what comes while it is on its way is another one.
    const std::vector<std::wstring> names = ReaderNames(context_);
    std::vector<SCARD_READERSTATEW> states = StatesOf(names);
    WaitForChange(states);
    if (!line.SendAndWait({"changed", 0, {}})) break;
    while (!line.stop_requested() && !WaitForChange(states)) {
    }
  }
  Close();
}

bool WatchReadersCall::WaitForChange(std::vector<SCARD_READERSTATEW>& states) {
  const auto began = std::chrono::steady_clock::now();
  const LONG result = WinscardLibrary::Get().GetStatusChange(
      context_.get(), kLongestWait, states.data(), static_cast<DWORD>(states.size()));
  if (IsReadersChange(result)) return true;
  if (result == SCARD_E_TIMEOUT || result == SCARD_E_CANCELLED) return false;
  CheckCode(result, "watch the smart card readers");
  bool changed = false;
  for (SCARD_READERSTATEW& state : states) {
    const DWORD news = state.dwEventState & ~static_cast<DWORD>(SCARD_STATE_CHANGED);
    if (news != (state.dwCurrentState & ~static_cast<DWORD>(SCARD_STATE_CHANGED))) changed = true;
    state.dwCurrentState = news;
  }
  if (!changed && std::chrono::steady_clock::now() - began < kPause) {
    std::this_thread::sleep_for(kPause);
  }
  return changed;
}

void WatchReadersCall::Open(CallLine& line) {
  ScardContext context = EstablishScardContext();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!line.stop_requested()) context_ = std::move(context);
}

void WatchReadersCall::Close() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  context_.Reset();
}

void WatchReadersCall::Cancel() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (context_) WinscardLibrary::Get().Cancel(context_.get());
}

}  // namespace vsc
