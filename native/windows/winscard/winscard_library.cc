#include "windows/winscard/winscard_library.h"

#include <type_traits>

namespace vsc {

const WinscardLibrary& WinscardLibrary::Get() {
  static const WinscardLibrary library;
  return library;
}

WinscardLibrary::WinscardLibrary() : library_(L"winscard.dll") {
  const auto find = [this](auto& function, const char* name) {
    function =
        library_.Find<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
  };
  find(EstablishContext, "SCardEstablishContext");
  find(ReleaseContext, "SCardReleaseContext");
  find(Cancel, "SCardCancel");
  find(FreeMemory, "SCardFreeMemory");
  find(ListReaders, "SCardListReadersW");
  find(GetStatusChange, "SCardGetStatusChangeW");
  find(Connect, "SCardConnectW");
  find(Reconnect, "SCardReconnect");
  find(Disconnect, "SCardDisconnect");
  find(Status, "SCardStatusW");
  find(BeginTransaction, "SCardBeginTransaction");
  find(EndTransaction, "SCardEndTransaction");
  find(Transmit, "SCardTransmit");
  find(ListCards, "SCardListCardsW");
  find(GetCardTypeProviderName, "SCardGetCardTypeProviderNameW");
  find(GetDeviceTypeId, "SCardGetDeviceTypeIdW");
  find(GetReaderDeviceInstanceId, "SCardGetReaderDeviceInstanceIdW");
}

}  // namespace vsc
