#include "winscard/status_change.h"

#include <algorithm>
#include <cstring>

#include "common/forwarder_channel.h"
#include "common/readers.h"
#include "common/text.h"

namespace lab {
namespace {

constexpr wchar_t kReaderChanges[] = L"\\\\?PnP?\\Notification";
/** The forwarder waits no longer than this at a time. */
constexpr DWORD kLongestWaitMs = 600000;
constexpr DWORD kIgnoredBits = SCARD_STATE_CHANGED | SCARD_STATE_IGNORE;
/** Bits that the double cannot know from another process, so that they are not compared. */
constexpr DWORD kUsageBits = SCARD_STATE_EXCLUSIVE | SCARD_STATE_INUSE;

/** What a wait compares with: the readers when it began, for the pseudo reader. */
struct Start {
  size_t readerCount;
  double generation;
};

bool IsPseudoReader(const SCARD_READERSTATEW& state) {
  return SameName(state.szReader, kReaderChanges);
}

void ReportReaderCount(SCARD_READERSTATEW& state, size_t count, const Start& start, double now) {
  const DWORD known = state.dwCurrentState >> 16;
  const bool changed = now != start.generation || (known != 0 && known != count);
  state.dwEventState = static_cast<DWORD>(count) << 16 | (changed ? SCARD_STATE_CHANGED : 0);
}

void ReportReader(SCARD_READERSTATEW& state, const std::vector<Reader>& readers) {
  const auto reader = std::find_if(readers.begin(), readers.end(), [&](const Reader& each) {
    return SameName(each.name, state.szReader);
  });
  DWORD now = SCARD_STATE_UNKNOWN;
  if (reader != readers.end()) now = reader->hasCard ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
  const DWORD known = state.dwCurrentState & 0xFFFF & ~kIgnoredBits & ~kUsageBits;
  const bool changed = known != now;
  // An unknown reader is also to be ignored from here on (SCARD_STATE_UNKNOWN's documentation).
  if (now == SCARD_STATE_UNKNOWN && changed) now |= SCARD_STATE_IGNORE;
  const DWORD events = now == SCARD_STATE_PRESENT ? 1 << 16 : 0;
  state.dwEventState = events | now | (changed ? SCARD_STATE_CHANGED : 0);
  state.cbAtr = 0;
  if (now != SCARD_STATE_PRESENT) return;
  const Bytes atr = ForwarderChannel(reader->name).atr();
  state.cbAtr = static_cast<DWORD>(atr.size());
  std::memcpy(state.rgbAtr, atr.data(), atr.size());
}

/** Fills all event states and tells whether one changed. */
bool Report(SCARD_READERSTATEW* states, DWORD count, const Start& start, double now) {
  const std::vector<Reader> readers = ListReaders();
  bool changed = false;
  for (DWORD i = 0; i < count; i++) {
    SCARD_READERSTATEW& state = states[i];
    if (state.dwCurrentState & SCARD_STATE_IGNORE) {
      state.dwEventState = SCARD_STATE_IGNORE;
      continue;
    }
    if (IsPseudoReader(state)) {
      ReportReaderCount(state, readers.size(), start, now);
    } else {
      ReportReader(state, readers);
    }
    changed |= (state.dwEventState & SCARD_STATE_CHANGED) != 0;
  }
  return changed;
}

double Generation(ForwarderClient& client, double seen, DWORD timeoutMs) {
  return client.Request("waitForChange", {{"generation", seen}, {"timeoutMs", timeoutMs}})
      .At("generation")
      .Number();
}

DWORD Left(DWORD timeoutMs, ULONGLONG started) {
  if (timeoutMs == INFINITE) return kLongestWaitMs;
  const ULONGLONG passed = GetTickCount64() - started;
  if (passed >= timeoutMs) return 0;
  return std::min<DWORD>(timeoutMs - static_cast<DWORD>(passed), kLongestWaitMs);
}

void WaitForChange(Wait& wait, DWORD timeoutMs, SCARD_READERSTATEW* states, DWORD count) {
  const ULONGLONG started = GetTickCount64();
  double now = Generation(wait.client, 0, 0);
  const Start start = {ListReaders().size(), now};
  while (!Report(states, count, start, now)) {
    const DWORD left = Left(timeoutMs, started);
    Require(left > 0, Code(SCARD_E_TIMEOUT));
    now = Generation(wait.client, now, left);
  }
}

}  // namespace

void GetStatusChange(Context& context, DWORD timeoutMs, SCARD_READERSTATEW* states, DWORD count) {
  Wait wait;
  context.Begin(&wait);
  try {
    WaitForChange(wait, timeoutMs, states, count);
    context.End(&wait);
  } catch (...) {
    context.End(&wait);
    if (wait.cancelled) throw StatusError(Code(SCARD_E_CANCELLED));
    throw;
  }
}

}  // namespace lab
