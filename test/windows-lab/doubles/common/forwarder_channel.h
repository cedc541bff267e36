#pragma once

#include <string>

#include "common/bytes.h"
#include "common/forwarder_client.h"

namespace lab {

/** A channel to the card in a reader, on a connection of its own. Throws ForwarderError. */
class ForwarderChannel {
 public:
  explicit ForwarderChannel(const std::wstring& readerName);

  const Bytes& atr() const { return atr_; }
  /** Response APDU: data and status word. */
  Bytes Transmit(const Bytes& command);
  void Reset();
  /** Waits until no other channel has a transaction on the card. */
  void BeginTransaction();
  void EndTransaction();

 private:
  Json Request(const char* method);

  ForwarderClient client_;
  double channel_ = 0;
  Bytes atr_;
};

}  // namespace lab
