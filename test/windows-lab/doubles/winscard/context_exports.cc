// Contexts, memory, and what is known without a connection to a card.

#include "common/readers.h"
#include "common/text.h"
#include "winscard/allocations.h"
#include "winscard/card_types.h"
#include "winscard/context.h"
#include "winscard/status_change.h"

using namespace lab;

namespace {

/** The database functions take no context too ("not directed to a specific context"). */
void CheckOptionalContext(SCARDCONTEXT context) {
  if (context) FindContext(context);
}

void CheckReaderName(LPCWSTR name) {
  Require(name && *name, Code(SCARD_E_INVALID_PARAMETER));
}

bool IsAllReaders(LPCWSTR groups) {
  return !groups || SameName(groups, L"SCard$AllReaders") ||
         SameName(groups, L"SCard$DefaultReaders");
}

}  // namespace

extern "C" {

LONG WINAPI SCardEstablishContext(DWORD scope, LPCVOID reserved1, LPCVOID reserved2,
                                  LPSCARDCONTEXT context) {
  return Scard("SCardEstablishContext", {{"scope", scope}}, [&] {
    Require(context && !reserved1 && !reserved2, Code(SCARD_E_INVALID_PARAMETER));
    Require(scope == SCARD_SCOPE_USER || scope == SCARD_SCOPE_SYSTEM, Code(SCARD_E_INVALID_VALUE));
    *context = EstablishContext();
  });
}

LONG WINAPI SCardReleaseContext(SCARDCONTEXT context) {
  return Scard("SCardReleaseContext", {}, [&] { ReleaseContext(context); });
}

LONG WINAPI SCardIsValidContext(SCARDCONTEXT context) {
  return Scard("SCardIsValidContext", {}, [&] { FindContext(context); });
}

LONG WINAPI SCardCancel(SCARDCONTEXT context) {
  return Scard("SCardCancel", {}, [&] { FindContext(context)->Cancel(); });
}

LONG WINAPI SCardFreeMemory(SCARDCONTEXT context, LPCVOID memory) {
  return Scard("SCardFreeMemory", {}, [&] {
    CheckOptionalContext(context);
    FreeDelivered(memory);
  });
}

/** An event that is set for as long as the service runs: the caller closes it by the twin. */
HANDLE WINAPI SCardAccessStartedEvent(void) {
  static const HANDLE started = CreateEventW(nullptr, TRUE, TRUE, nullptr);
  return started;
}

void WINAPI SCardReleaseStartedEvent(void) {}

LONG WINAPI SCardListReadersW(SCARDCONTEXT context, LPCWSTR groups, LPWSTR readers, LPDWORD count) {
  return Scard("SCardListReadersW", {}, [&] {
    CheckOptionalContext(context);
    Require(count, Code(SCARD_E_INVALID_PARAMETER));
    std::wstring names;
    if (IsAllReaders(groups)) {
      for (const Reader& reader : ListReaders()) names += reader.name + L'\0';
    }
    Require(!names.empty(), Code(SCARD_E_NO_READERS_AVAILABLE));
    Deliver(names + L'\0', readers, count);
  });
}

LONG WINAPI SCardGetStatusChangeW(SCARDCONTEXT context, DWORD timeout, LPSCARD_READERSTATEW states,
                                  DWORD count) {
  return Scard("SCardGetStatusChangeW", {{"timeout", timeout}, {"readers", count}}, [&] {
    const std::shared_ptr<Context> found = FindContext(context);
    Require(states && count > 0, Code(SCARD_E_INVALID_PARAMETER));
    for (DWORD i = 0; i < count; i++) CheckReaderName(states[i].szReader);
    GetStatusChange(*found, timeout, states, count);
  });
}

LONG WINAPI SCardListCardsW(SCARDCONTEXT context, LPCBYTE atr, LPCGUID interfaces,
                            DWORD interfaceCount, LPWSTR cards, LPDWORD count) {
  return Scard("SCardListCardsW", {}, [&] {
    CheckOptionalContext(context);
    Require(count && (interfaces || interfaceCount == 0), Code(SCARD_E_INVALID_PARAMETER));
    // TS + T0 + K historical bytes + TA..TD + TCK: the caller gives no length.
    Bytes wanted;
    if (atr) {
      size_t length = 2;
      uint8_t present = atr[1] >> 4;
      bool checked = false;
      while (present) {
        const bool more = present & 8;
        for (int bit = 0; bit < 4; bit++) length += present >> bit & 1;
        present = more ? atr[length - 1] >> 4 : 0;
        checked |= more && (atr[length - 1] & 15) != 0;
      }
      length += (atr[1] & 15) + (checked ? 1 : 0);
      Require(length <= 36, Code(SCARD_E_INVALID_ATR));
      wanted.assign(atr, atr + length);
    }
    // No card type here is registered with interfaces.
    const std::wstring none(1, L'\0');
    Deliver(interfaceCount ? none : CardTypeNames(wanted), cards, count);
  });
}

LONG WINAPI SCardGetCardTypeProviderNameW(SCARDCONTEXT context, LPCWSTR card, DWORD providerId,
                                          LPWSTR provider, LPDWORD count) {
  return Scard("SCardGetCardTypeProviderNameW", {{"providerId", providerId}}, [&] {
    CheckOptionalContext(context);
    Require(card && count, Code(SCARD_E_INVALID_PARAMETER));
    Deliver(CardTypeProvider(card, providerId), provider, count);
  });
}

LONG WINAPI SCardGetDeviceTypeIdW(SCARDCONTEXT context, LPCWSTR reader, LPDWORD deviceType) {
  return Scard("SCardGetDeviceTypeIdW", {}, [&] {
    CheckOptionalContext(context);
    CheckReaderName(reader);
    Require(deviceType, Code(SCARD_E_INVALID_PARAMETER));
    *deviceType = FindReader(reader).deviceType;
  });
}

LONG WINAPI SCardGetReaderDeviceInstanceIdW(SCARDCONTEXT context, LPCWSTR reader, LPWSTR instanceId,
                                            LPDWORD count) {
  return Scard("SCardGetReaderDeviceInstanceIdW", {}, [&] {
    CheckOptionalContext(context);
    CheckReaderName(reader);
    Deliver(FindReader(reader).instanceId + L'\0', instanceId, count);
  });
}

LONG WINAPI SCardListReadersWithDeviceInstanceIdW(SCARDCONTEXT context, LPCWSTR instanceId,
                                                  LPWSTR readers, LPDWORD count) {
  return Scard("SCardListReadersWithDeviceInstanceIdW", {}, [&] {
    CheckOptionalContext(context);
    Require(instanceId && *instanceId && count, Code(SCARD_E_INVALID_PARAMETER));
    std::wstring names;
    for (const Reader& reader : ListReaders()) {
      if (SameName(reader.instanceId, instanceId)) names += reader.name + L'\0';
    }
    Require(!names.empty(), Code(SCARD_E_NO_READERS_AVAILABLE));
    Deliver(names + L'\0', readers, count);
  });
}

}  // extern "C"
