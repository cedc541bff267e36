#pragma once

#include <exception>
#include <memory>
#include <thread>

#include "node/secret_buffer.h"

namespace vsc {

// ISO 7816-3, section 12: a short command has at most 261 bytes, and its response 256 and a status
// word; to an extended one come 65536 and a status word.
constexpr std::size_t kLargestShortCommand = 261;
constexpr std::size_t kLargestShortResponse = 258;
constexpr std::size_t kLargestResponse = 65538;

/**
 * The card in a reader, shared with other programs. Any of its functions may wait for other
 * programs, and for the card. They are for any thread; one that comes during another waits.
 */
class ReaderCard {
 public:
  ReaderCard() = default;
  virtual ~ReaderCard() = default;

  ReaderCard(const ReaderCard&) = delete;
  ReaderCard& operator=(const ReaderCard&) = delete;

  virtual void Connect() = 0;
  /** One command APDU in, its response APDU out. */
  virtual SecretBuffer Transmit(const SecretBuffer& command) = 0;
  /** Waits until no other program has a transaction with the card. */
  virtual void BeginTransaction() = 0;
  /** With `reset` whatever was verified ends before another program gets the card. */
  virtual void EndTransaction(bool reset) = 0;
  /** After the card was reset by another program; or to reset it. */
  virtual void Reconnect(bool reset) = 0;
  /** Lets go of the card, as it is or with a reset. Safe to call twice. */
  virtual void Close(bool reset) = 0;
  virtual bool is_open() const = 0;
};

/** Where nobody has closed the card, it is let go of on a thread of its own: nobody waits for it.
 */
template <typename Card>
std::shared_ptr<Card> ShareCard(std::unique_ptr<Card> card) {
  return std::shared_ptr<Card>(card.release(), [](Card* last) {
    if (last->is_open()) {
      try {
        std::thread([last] { delete last; }).detach();
        return;
      } catch (const std::exception&) {
        // No thread to be had: here, then.
      }
    }
    delete last;
  });
}

}  // namespace vsc
