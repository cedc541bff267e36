#pragma once

#include <winscard.h>

#include "windows/system/system_library.h"

namespace vsc {

/** The functions of winscard.dll that the addon calls; those that only Windows 8 and later have,
 * too. */
class WinscardLibrary {
 public:
  /** Loaded at the first use, for the process's life. Throws NativeError. */
  static const WinscardLibrary& Get();

  WinscardLibrary();

  decltype(&::SCardEstablishContext) EstablishContext;
  decltype(&::SCardReleaseContext) ReleaseContext;
  decltype(&::SCardCancel) Cancel;
  decltype(&::SCardFreeMemory) FreeMemory;
  decltype(&::SCardListReadersW) ListReaders;
  decltype(&::SCardGetStatusChangeW) GetStatusChange;
  decltype(&::SCardConnectW) Connect;
  decltype(&::SCardReconnect) Reconnect;
  decltype(&::SCardDisconnect) Disconnect;
  decltype(&::SCardStatusW) Status;
  decltype(&::SCardBeginTransaction) BeginTransaction;
  decltype(&::SCardEndTransaction) EndTransaction;
  decltype(&::SCardTransmit) Transmit;
  decltype(&::SCardListCardsW) ListCards;
  decltype(&::SCardGetCardTypeProviderNameW) GetCardTypeProviderName;
  LONG(WINAPI* GetDeviceTypeId)(SCARDCONTEXT, LPCWSTR reader, LPDWORD type);
  LONG(WINAPI* GetReaderDeviceInstanceId)(SCARDCONTEXT, LPCWSTR reader, LPWSTR id, LPDWORD length);

 private:
  SystemLibrary library_;
};

}  // namespace vsc
