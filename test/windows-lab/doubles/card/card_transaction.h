#pragma once

#include <string>

#include "card/card_keys.h"
#include "common/forwarder_channel.h"

namespace lab {

/**
 * The card in a reader for one operation of the CSP or KSP: a channel with a transaction and the
 * applet selected. Its end ends the transaction and whatever PIN was verified in it.
 */
class CardTransaction {
 public:
  /** Throws StatusError (SCARD_E_UNKNOWN_READER, SCARD_E_NO_SMARTCARD), CardError, ForwarderError.
   */
  explicit CardTransaction(const std::wstring& readerName);

  CardKeys& keys() { return keys_; }
  CardFiles& files() { return keys_.files(); }
  Bytes CardId() { return files().ReadCardId(); }

  /**
   * Verifies the PIN that the process has cached for the card. Without one Windows would ask the
   * user: NTE_SILENT_CONTEXT in silent mode, and otherwise NTE_UI_REQUIRED, as nobody is there. A
   * PIN that is wrong leaves the cache.
   */
  void VerifyCachedPin(bool isSilent);

 private:
  ForwarderChannel channel_;
  CardEdge edge_;
  CardKeys keys_;
};

}  // namespace lab
