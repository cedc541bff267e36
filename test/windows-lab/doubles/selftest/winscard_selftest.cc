// Calls the winscard double as a program does that was written from Windows' documentation.

#include <windows.h>
#include <winscard.h>

#include <thread>

#include "common/base64.h"
#include "common/forwarder_client.h"
#include "common/text.h"
#include "selftest/check.h"

using namespace lab;

// Not in the compiler's own header.
extern "C" {
LONG WINAPI SCardGetDeviceTypeIdW(SCARDCONTEXT, LPCWSTR, LPDWORD);
LONG WINAPI SCardGetReaderDeviceInstanceIdW(SCARDCONTEXT, LPCWSTR, LPWSTR, LPDWORD);
LONG WINAPI SCardListReadersWithDeviceInstanceIdW(SCARDCONTEXT, LPCWSTR, LPWSTR, LPDWORD);
}

namespace {

constexpr DWORD kT1 = SCARD_PROTOCOL_T1;
const Bytes kSelect = {0x00, 0xA4, 0x04, 0x00, 0x09, 0xA0, 0x00, 0x00,
                       0x03, 0x97, 0x42, 0x54, 0x46, 0x59, 0x00};
const Bytes kPinStatus = {0x00, 0x20, 0x00, 0x80};

SCARDCONTEXT NewContext() {
  SCARDCONTEXT context = 0;
  EQUAL(SCardEstablishContext(SCARD_SCOPE_USER, nullptr, nullptr, &context), SCARD_S_SUCCESS);
  return context;
}

SCARDHANDLE NewHandle(SCARDCONTEXT context, const std::wstring& reader) {
  SCARDHANDLE card = 0;
  DWORD protocol = 0;
  EQUAL(SCardConnectW(context, reader.c_str(), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | kT1, &card,
                      &protocol),
        SCARD_S_SUCCESS);
  EQUAL(protocol, kT1);
  return card;
}

/** The status word of a command's answer; 0 when the call fails. */
uint32_t Transmit(SCARDHANDLE card, const Bytes& command) {
  BYTE answer[258];
  DWORD size = sizeof answer;
  const LONG status = SCardTransmit(card, SCARD_PCI_T1, command.data(),
                                    static_cast<DWORD>(command.size()), nullptr, answer, &size);
  if (status != SCARD_S_SUCCESS || size < 2) return 0;
  return answer[size - 2] << 8 | answer[size - 1];
}

Bytes Verify(const Bytes& pin) {
  return Bytes{0x00, 0x20, 0x00, 0x80, static_cast<uint8_t>(pin.size())} + pin;
}

void CheckContexts() {
  SCARDCONTEXT context = 0;
  EQUAL(SCardEstablishContext(SCARD_SCOPE_USER, nullptr, nullptr, nullptr),
        SCARD_E_INVALID_PARAMETER);
  EQUAL(SCardEstablishContext(7, nullptr, nullptr, &context), SCARD_E_INVALID_VALUE);
  context = NewContext();
  EQUAL(SCardIsValidContext(context), SCARD_S_SUCCESS);
  EQUAL(SCardCancel(context), SCARD_S_SUCCESS);
  EQUAL(SCardReleaseContext(context), SCARD_S_SUCCESS);
  EQUAL(SCardReleaseContext(context), SCARD_E_INVALID_HANDLE);
  EQUAL(SCardIsValidContext(context), SCARD_E_INVALID_HANDLE);
}

void CheckReaders(SCARDCONTEXT context, const std::wstring& reader) {
  LPWSTR names = nullptr;
  DWORD count = SCARD_AUTOALLOCATE;
  const LPWSTR target = reinterpret_cast<LPWSTR>(&names);
  EQUAL(SCardListReadersW(context, nullptr, target, &count), SCARD_S_SUCCESS);
  TRUE_THAT(reader == names);
  EQUAL(count, reader.size() + 2);
  EQUAL(SCardFreeMemory(context, names), SCARD_S_SUCCESS);
  EQUAL(SCardFreeMemory(context, names), SCARD_E_INVALID_PARAMETER);
  EQUAL(SCardListReadersW(context, L"No such group", nullptr, &count),
        SCARD_E_NO_READERS_AVAILABLE);
  wchar_t small[4];
  count = 4;
  EQUAL(SCardListReadersW(context, nullptr, small, &count), SCARD_E_INSUFFICIENT_BUFFER);
  EQUAL(count, reader.size() + 2);

  DWORD type = 0;
  EQUAL(SCardGetDeviceTypeIdW(context, reader.c_str(), &type), SCARD_S_SUCCESS);
  EQUAL(type, 0x80);
  EQUAL(SCardGetDeviceTypeIdW(context, L"No such reader", &type), SCARD_E_UNKNOWN_READER);

  wchar_t instanceId[64];
  count = 64;
  EQUAL(SCardGetReaderDeviceInstanceIdW(context, reader.c_str(), instanceId, &count),
        SCARD_S_SUCCESS);
  TRUE_THAT(Setting(L"SELFTEST_INSTANCE") == instanceId);
  EQUAL(SCardListReadersWithDeviceInstanceIdW(context, instanceId, nullptr, &count),
        SCARD_S_SUCCESS);
  EQUAL(count, reader.size() + 2);
  EQUAL(SCardListReadersWithDeviceInstanceIdW(context, L"ROOT\\NOTHING\\0000", nullptr, &count),
        SCARD_E_NO_READERS_AVAILABLE);
}

void CheckCardTypes(SCARDCONTEXT context, const Bytes& atr) {
  wchar_t name[256];
  DWORD count = 256;
  EQUAL(SCardListCardsW(context, atr.data(), nullptr, 0, name, &count), SCARD_S_SUCCESS);
  wchar_t module[64];
  count = 64;
  EQUAL(SCardGetCardTypeProviderNameW(context, name, 0x80000001, module, &count), SCARD_S_SUCCESS);
  TRUE_THAT(std::wstring(module) == L"msclmd.dll");
  EQUAL(SCardGetCardTypeProviderNameW(context, L"Unknown", 0x80000001, module, &count),
        SCARD_E_UNKNOWN_CARD);
}

void CheckConnections(SCARDCONTEXT context, const std::wstring& reader, const Bytes& pin) {
  SCARDHANDLE card = 0;
  DWORD protocol = 0;
  EQUAL(SCardConnectW(context, L"No such reader", SCARD_SHARE_SHARED, kT1, &card, &protocol),
        SCARD_E_UNKNOWN_READER);
  EQUAL(SCardConnectW(context, reader.c_str(), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, &card,
                      &protocol),
        SCARD_E_PROTO_MISMATCH);
  EQUAL(SCardConnectW(context, reader.c_str(), SCARD_SHARE_SHARED, 0, &card, &protocol),
        SCARD_E_INVALID_VALUE);
  EQUAL(SCardConnectW(context, reader.c_str(), SCARD_SHARE_SHARED, kT1, &card, nullptr),
        SCARD_E_INVALID_PARAMETER);
  card = NewHandle(context, reader);
  SCARDHANDLE exclusive = 0;
  EQUAL(SCardConnectW(context, reader.c_str(), SCARD_SHARE_EXCLUSIVE, kT1, &exclusive, &protocol),
        SCARD_E_SHARING_VIOLATION);

  DWORD state = 0;
  BYTE atr[36];
  DWORD atrSize = sizeof atr;
  EQUAL(SCardStatusW(card, nullptr, nullptr, &state, &protocol, atr, &atrSize), SCARD_S_SUCCESS);
  EQUAL(state, 6);
  EQUAL(protocol, kT1);
  EQUAL(atrSize, 17);
  CheckCardTypes(context, Bytes(atr, atr + atrSize));

  BYTE answer[258];
  DWORD size = sizeof answer;
  const DWORD commandSize = static_cast<DWORD>(kSelect.size());
  EQUAL(SCardTransmit(card, SCARD_PCI_T0, kSelect.data(), commandSize, nullptr, answer, &size),
        SCARD_E_PROTO_MISMATCH);
  EQUAL(SCardTransmit(card, nullptr, kSelect.data(), commandSize, nullptr, answer, &size),
        SCARD_E_INVALID_PARAMETER);
  size = 1;
  EQUAL(SCardTransmit(card, SCARD_PCI_T1, kSelect.data(), commandSize, nullptr, answer, &size),
        SCARD_E_INSUFFICIENT_BUFFER);
  EQUAL(Transmit(card, kSelect), 0x9000);
  EQUAL(Transmit(card, Verify(pin)), 0x9000);
  EQUAL(Transmit(card, kPinStatus), 0x9000);
  EQUAL(SCardEndTransaction(card, SCARD_LEAVE_CARD), SCARD_E_NOT_TRANSACTED);
  EQUAL(SCardReconnect(card, SCARD_SHARE_SHARED, kT1, SCARD_RESET_CARD, &protocol),
        SCARD_S_SUCCESS);
  EQUAL(Transmit(card, kSelect), 0x9000);
  EQUAL(Transmit(card, kPinStatus) & 0xFFF0, 0x63C0);
  EQUAL(SCardDisconnect(card, SCARD_RESET_CARD), SCARD_S_SUCCESS);
  EQUAL(SCardDisconnect(card, SCARD_LEAVE_CARD), SCARD_E_INVALID_HANDLE);
}

void CheckTransactions(SCARDCONTEXT context, const std::wstring& reader) {
  const SCARDHANDLE first = NewHandle(context, reader);
  const SCARDHANDLE second = NewHandle(context, reader);
  EQUAL(SCardBeginTransaction(first), SCARD_S_SUCCESS);
  const ULONGLONG started = GetTickCount64();
  ULONGLONG waited = 0;
  std::thread other([&] {
    EQUAL(Transmit(second, kSelect), 0x9000);
    waited = GetTickCount64() - started;
  });
  Sleep(300);
  EQUAL(Transmit(first, kSelect), 0x9000);
  EQUAL(SCardEndTransaction(first, SCARD_RESET_CARD), SCARD_S_SUCCESS);
  other.join();
  TRUE_THAT(waited >= 300);

  EQUAL(SCardBeginTransaction(first), SCARD_S_SUCCESS);
  Sleep(5200);
  EQUAL(Transmit(first, kSelect), 0);
  EQUAL(SCardEndTransaction(first, SCARD_LEAVE_CARD), SCARD_W_RESET_CARD);
  DWORD protocol = 0;
  EQUAL(SCardReconnect(first, SCARD_SHARE_SHARED, kT1, SCARD_LEAVE_CARD, &protocol),
        SCARD_S_SUCCESS);
  EQUAL(Transmit(first, kSelect), 0x9000);
  EQUAL(SCardDisconnect(first, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
  EQUAL(SCardDisconnect(second, SCARD_LEAVE_CARD), SCARD_S_SUCCESS);
}

void CheckStatusChanges(SCARDCONTEXT context, const std::wstring& reader) {
  SCARD_READERSTATEW state = {};
  state.szReader = reader.c_str();
  EQUAL(SCardGetStatusChangeW(context, 0, nullptr, 1), SCARD_E_INVALID_PARAMETER);
  EQUAL(SCardGetStatusChangeW(context, INFINITE, &state, 1), SCARD_S_SUCCESS);
  EQUAL(state.dwEventState & 0xFFFF, SCARD_STATE_PRESENT | SCARD_STATE_CHANGED);
  EQUAL(state.cbAtr, 17);
  state.dwCurrentState = state.dwEventState;
  EQUAL(SCardGetStatusChangeW(context, 100, &state, 1), SCARD_E_TIMEOUT);
  // Without the count of events in the upper half, Windows answers at once.
  state.dwCurrentState = SCARD_STATE_PRESENT;
  EQUAL(SCardGetStatusChangeW(context, INFINITE, &state, 1), SCARD_S_SUCCESS);
  state.dwCurrentState = state.dwEventState;

  SCARD_READERSTATEW unknown = {};
  unknown.szReader = L"No such reader";
  EQUAL(SCardGetStatusChangeW(context, INFINITE, &unknown, 1), SCARD_S_SUCCESS);
  EQUAL(unknown.dwEventState, SCARD_STATE_UNKNOWN | SCARD_STATE_IGNORE | SCARD_STATE_CHANGED);

  std::thread canceller([&] {
    Sleep(200);
    EQUAL(SCardCancel(context), SCARD_S_SUCCESS);
  });
  EQUAL(SCardGetStatusChangeW(context, INFINITE, &state, 1), SCARD_E_CANCELLED);
  canceller.join();
  EQUAL(SCardGetStatusChangeW(context, 50, &state, 1), SCARD_E_TIMEOUT);
}

/** A card that comes and goes wakes the pseudo reader; its own reader becomes unknown. */
void CheckArrival(SCARDCONTEXT context) {
  ForwarderClient forwarder;
  SCARD_READERSTATEW changes = {};
  changes.szReader = L"\\\\?PnP?\\Notification";
  EQUAL(SCardGetStatusChangeW(context, INFINITE, &changes, 1), SCARD_S_SUCCESS);
  EQUAL(changes.dwEventState, 1 << 16 | SCARD_STATE_CHANGED);
  changes.dwCurrentState = 1 << 16;
  EQUAL(SCardGetStatusChangeW(context, 50, &changes, 1), SCARD_E_TIMEOUT);
  Json created;
  std::thread creator([&] {
    Sleep(300);
    created = forwarder.Request("createCard",
                                {{"name", "Second"},
                                 {"adminKey", ToBase64(BytesSetting(L"SELFTEST_ADMIN_KEY"))},
                                 {"pin", ToBase64(AsciiSetting(L"SELFTEST_PIN"))},
                                 {"puk", nullptr},
                                 {"pinPolicy", nullptr},
                                 {"generate", true}});
  });
  EQUAL(SCardGetStatusChangeW(context, INFINITE, &changes, 1), SCARD_S_SUCCESS);
  creator.join();
  EQUAL(changes.dwEventState, 2 << 16 | SCARD_STATE_CHANGED);

  const std::wstring reader = Wide(created.At("readerName").String());
  const SCARDHANDLE card = NewHandle(context, reader);
  SCARD_READERSTATEW state = {};
  state.szReader = reader.c_str();
  state.dwCurrentState = 1 << 16 | SCARD_STATE_PRESENT;
  std::thread destroyer([&] {
    Sleep(300);
    forwarder.Request("destroyCard", {{"instanceId", created.At("instanceId")}});
  });
  EQUAL(SCardGetStatusChangeW(context, INFINITE, &state, 1), SCARD_S_SUCCESS);
  destroyer.join();
  TRUE_THAT(state.dwEventState & SCARD_STATE_UNKNOWN);
  BYTE answer[258];
  DWORD size = sizeof answer;
  EQUAL(SCardTransmit(card, SCARD_PCI_T1, kSelect.data(), static_cast<DWORD>(kSelect.size()),
                      nullptr, answer, &size),
        SCARD_E_READER_UNAVAILABLE);
}

}  // namespace

int main() {
  const std::wstring reader = Setting(L"SELFTEST_READER");
  CheckContexts();
  const SCARDCONTEXT context = NewContext();
  CheckReaders(context, reader);
  CheckConnections(context, reader, AsciiSetting(L"SELFTEST_PIN"));
  CheckTransactions(context, reader);
  CheckStatusChanges(context, reader);
  CheckArrival(context);
  const SCARDHANDLE card = NewHandle(context, reader);
  EQUAL(SCardReleaseContext(context), SCARD_S_SUCCESS);
  EQUAL(SCardBeginTransaction(card), SCARD_E_INVALID_HANDLE);
  return Finish();
}
