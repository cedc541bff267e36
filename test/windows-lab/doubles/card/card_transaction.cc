#include "card/card_transaction.h"

#include <windows.h>
#include <winscard.h>

#include "card/pin_cache.h"
#include "common/readers.h"
#include "common/status_error.h"

namespace lab {
namespace {

std::wstring CardReader(const std::wstring& name) {
  const Reader reader = FindReader(name);
  Require(reader.hasCard, static_cast<uint32_t>(SCARD_E_NO_SMARTCARD));
  return reader.name;
}

}  // namespace

CardTransaction::CardTransaction(const std::wstring& readerName)
    : channel_(CardReader(readerName)),
      edge_([this](const Bytes& command) { return channel_.Transmit(command); }),
      keys_(edge_) {
  channel_.BeginTransaction();
  edge_.SelectApplet();
}

void CardTransaction::VerifyCachedPin(bool isSilent) {
  const Bytes cardId = CardId();
  std::optional<Bytes> pin = PinCache::Get(cardId);
  const long missing = isSilent ? NTE_SILENT_CONTEXT : NTE_UI_REQUIRED;
  Require(pin.has_value(), static_cast<uint32_t>(missing));
  try {
    edge_.VerifyPin(*pin);
    Wipe(*pin);
  } catch (const CardError& error) {
    Wipe(*pin);
    if (error.TriesLeft()) PinCache::Set(cardId, {});
    throw;
  }
}

}  // namespace lab
