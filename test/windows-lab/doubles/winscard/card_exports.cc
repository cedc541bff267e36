// What needs a connection to a card.

#include "winscard/allocations.h"
#include "winscard/card_handle.h"
#include "winscard/context.h"

using namespace lab;

namespace {

constexpr DWORD kAttributeAtr = 0x00090303;
constexpr DWORD kAttributeFriendlyNameW = 0x7FFF0005;
constexpr DWORD kAttributeSystemNameW = 0x7FFF0006;
/** The state of a card whose protocol is set (SCARD_SPECIFIC), of an empty reader (SCARD_ABSENT).
 */
constexpr DWORD kStateSpecific = 6;
constexpr DWORD kStateAbsent = 1;
constexpr DWORD kShortestCommand = 4;

}  // namespace

extern "C" {

const SCARD_IO_REQUEST g_rgSCardT0Pci = {SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST)};
const SCARD_IO_REQUEST g_rgSCardT1Pci = {SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST)};
const SCARD_IO_REQUEST g_rgSCardRawPci = {SCARD_PROTOCOL_RAW, sizeof(SCARD_IO_REQUEST)};

LONG WINAPI SCardConnectW(SCARDCONTEXT context, LPCWSTR reader, DWORD shareMode, DWORD protocols,
                          LPSCARDHANDLE card, LPDWORD activeProtocol) {
  return Scard("SCardConnectW", {{"shareMode", shareMode}, {"protocols", protocols}}, [&] {
    FindContext(context);
    Require(reader && *reader && card && activeProtocol, Code(SCARD_E_INVALID_PARAMETER));
    auto handle = std::make_shared<CardHandle>(context, FindReader(reader), shareMode, protocols);
    *activeProtocol = handle->protocol();
    *card = AddHandle(std::move(handle));
  });
}

LONG WINAPI SCardReconnect(SCARDHANDLE card, DWORD shareMode, DWORD protocols, DWORD initialization,
                           LPDWORD activeProtocol) {
  return Scard("SCardReconnect", {{"initialization", initialization}}, [&] {
    const std::shared_ptr<CardHandle> handle = FindHandle(card);
    Require(activeProtocol, Code(SCARD_E_INVALID_PARAMETER));
    handle->Reconnect(shareMode, protocols, initialization);
    *activeProtocol = handle->protocol();
  });
}

LONG WINAPI SCardDisconnect(SCARDHANDLE card, DWORD disposition) {
  return Scard("SCardDisconnect", {{"disposition", disposition}}, [&] {
    Require(disposition <= SCARD_EJECT_CARD, Code(SCARD_E_INVALID_VALUE));
    RemoveHandle(card)->Disconnect(disposition);
  });
}

LONG WINAPI SCardBeginTransaction(SCARDHANDLE card) {
  return Scard("SCardBeginTransaction", {}, [&] { FindHandle(card)->BeginTransaction(); });
}

LONG WINAPI SCardEndTransaction(SCARDHANDLE card, DWORD disposition) {
  return Scard("SCardEndTransaction", {{"disposition", disposition}},
               [&] { FindHandle(card)->EndTransaction(disposition); });
}

LONG WINAPI SCardStatusW(SCARDHANDLE card, LPWSTR readerNames, LPDWORD count, LPDWORD state,
                         LPDWORD protocol, LPBYTE atr, LPDWORD atrCount) {
  return Scard("SCardStatusW", {}, [&] {
    const std::shared_ptr<CardHandle> handle = FindHandle(card);
    const bool present = handle->protocol() != SCARD_PROTOCOL_UNDEFINED;
    if (state) *state = present ? kStateSpecific : kStateAbsent;
    if (protocol) *protocol = handle->protocol();
    if (count) Deliver(handle->reader().name + L'\0' + L'\0', readerNames, count);
    if (atrCount) Deliver(handle->Atr(), atr, atrCount);
  });
}

LONG WINAPI SCardTransmit(SCARDHANDLE card, LPCSCARD_IO_REQUEST sendPci, LPCBYTE command,
                          DWORD commandSize, LPSCARD_IO_REQUEST receivePci, LPBYTE answer,
                          LPDWORD answerSize) {
  // Neither command nor answer is recorded: they may hold a PIN.
  return Scard("SCardTransmit", {}, [&] {
    const std::shared_ptr<CardHandle> handle = FindHandle(card);
    Require(sendPci && command && answer && answerSize, Code(SCARD_E_INVALID_PARAMETER));
    Require(commandSize >= kShortestCommand, Code(SCARD_E_INVALID_PARAMETER));
    Require(*answerSize != SCARD_AUTOALLOCATE, Code(SCARD_E_INVALID_PARAMETER));
    Require(sendPci->cbPciLength >= sizeof(SCARD_IO_REQUEST), Code(SCARD_E_INVALID_PARAMETER));
    Require(sendPci->dwProtocol == handle->protocol(), Code(SCARD_E_PROTO_MISMATCH));
    Bytes bytes(command, command + commandSize);
    Bytes response = handle->Transmit(bytes);
    Wipe(bytes);
    Deliver(response, answer, answerSize);
    Wipe(response);
    if (receivePci) receivePci->dwProtocol = handle->protocol();
  });
}

LONG WINAPI SCardGetAttrib(SCARDHANDLE card, DWORD attribute, LPBYTE value, LPDWORD count) {
  return Scard("SCardGetAttrib", {{"attribute", attribute}}, [&] {
    const std::shared_ptr<CardHandle> handle = FindHandle(card);
    Require(count, Code(SCARD_E_INVALID_PARAMETER));
    if (attribute == kAttributeAtr) {
      Deliver(handle->Atr(), value, count);
      return;
    }
    const bool isName = attribute == kAttributeFriendlyNameW || attribute == kAttributeSystemNameW;
    Require(isName, ERROR_NOT_SUPPORTED);
    const std::wstring& name = handle->reader().name;
    const uint8_t* const start = reinterpret_cast<const uint8_t*>(name.c_str());
    Deliver(Bytes(start, start + (name.size() + 1) * sizeof(wchar_t)), value, count);
  });
}

}  // extern "C"
