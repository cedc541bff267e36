#include "winscard/status_change.h"

#include <algorithm>

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

bool IsPseudoReader(const SCARD_READERSTATEW& state) {
  return SameName(state.szReader, kReaderChanges);
}

/** The upper half is the number of readers, which a caller has to give back: zero is a number too.
 */
void ReportReaderCount(SCARD_READERSTATEW& state, size_t count, bool anyChange) {
  const bool changed = anyChange || state.dwCurrentState >> 16 != count;
  state.dwEventState = static_cast<DWORD>(count) << 16 | (changed ? SCARD_STATE_CHANGED : 0);
}

/** What a reader is in, and the ATR of its card. */
struct ReaderState {
  DWORD bits;
  Bytes atr;
};

ReaderState StateOf(const std::wstring& name, const std::vector<Reader>& readers) {
  const auto reader = std::find_if(readers.begin(), readers.end(),
                                   [&](const Reader& each) { return SameName(each.name, name); });
  if (reader == readers.end()) return {SCARD_STATE_UNKNOWN, {}};
  if (!reader->hasCard) return {SCARD_STATE_EMPTY, {}};
  try {
    return {SCARD_STATE_PRESENT, ForwarderChannel(reader->name).atr()};
  } catch (const ForwarderError& error) {
    // Destroyed since the readers were listed.
    if (error.code() != "ERR_CARD_NOT_FOUND") throw;
    return {SCARD_STATE_UNKNOWN, {}};
  }
}

void ReportReader(SCARD_READERSTATEW& state, const std::vector<Reader>& readers) {
  const ReaderState found = StateOf(state.szReader, readers);
  DWORD now = found.bits;
  // The upper half counts the cards that came and went; a virtual one came once, when it was made.
  const DWORD events = now == SCARD_STATE_PRESENT ? 1 << 16 : 0;
  const DWORD known = state.dwCurrentState & ~kIgnoredBits & ~kUsageBits;
  const bool changed = known != (events | now);
  // An unknown reader is also to be ignored from here on (SCARD_STATE_UNKNOWN's documentation).
  if (now == SCARD_STATE_UNKNOWN && changed) now |= SCARD_STATE_IGNORE;
  state.dwEventState = events | now | (changed ? SCARD_STATE_CHANGED : 0);
  state.cbAtr = static_cast<DWORD>(found.atr.size());
  std::copy(found.atr.begin(), found.atr.end(), state.rgbAtr);
}

/** Fills all event states and tells whether one changed. */
bool Report(SCARD_READERSTATEW* states, DWORD count, bool anyChange) {
  const std::vector<Reader> readers = ListReaders();
  bool changed = false;
  for (DWORD i = 0; i < count; i++) {
    SCARD_READERSTATEW& state = states[i];
    if (state.dwCurrentState & SCARD_STATE_IGNORE) {
      state.dwEventState = SCARD_STATE_IGNORE;
      continue;
    }
    if (IsPseudoReader(state)) {
      ReportReaderCount(state, readers.size(), anyChange);
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
  const double start = Generation(wait.client, 0, 0);
  double now = start;
  while (!Report(states, count, now != start)) {
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
