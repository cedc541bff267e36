#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "node/secret_buffer.h"
#include "windows/winscard/scard_context.h"

namespace vsc {

struct ScardHandleTraits {
  using Type = SCARDHANDLE;
  static Type None() { return 0; }
  /** With a reset: what was verified ends, whoever uses the card next. */
  static void Close(Type card) noexcept {
    WinscardLibrary::Get().Disconnect(card, SCARD_RESET_CARD);
  }
};

/**
 * The card in a reader, shared with other programs. It has a context of its own, because calls on
 * one context wait for one another. Any of its functions may wait for other programs, and for the
 * card. They are for any thread; one that comes during another waits.
 */
class ScardCard {
 public:
  /** Where nobody has closed it, it is let go of on a thread of its own, which nobody waits for. */
  static std::shared_ptr<ScardCard> Make(std::wstring reader);

  ScardCard(const ScardCard&) = delete;
  ScardCard& operator=(const ScardCard&) = delete;

  void Connect();
  /** One command APDU in, its response APDU out. */
  SecretBuffer Transmit(const SecretBuffer& command);
  /** Waits until no other program has a transaction with the card. */
  void BeginTransaction();
  /** With `reset` whatever was verified ends before another program gets the card. */
  void EndTransaction(bool reset);
  /** After the card was reset by another program; or to reset it. */
  void Reconnect(bool reset);
  /** Runs `work` with the card's handle, which nothing else here uses meanwhile. */
  void Use(const std::function<void(SCARDCONTEXT, SCARDHANDLE)>& work);
  /** Keeps what `make` makes, which may use the handle to its end: until Drop, or Close. */
  void Keep(const std::function<std::shared_ptr<void>(SCARDCONTEXT, SCARDHANDLE)>& make);
  void Drop(const std::weak_ptr<void>& kept) noexcept;
  /** Lets go of the card, as it is or with a reset. Safe to call twice. */
  void Close(bool reset);

 private:
  explicit ScardCard(std::wstring reader) : reader_(std::move(reader)) {}
  ~ScardCard() = default;

  SCARDHANDLE Handle() const;
  void Check(LONG result, const char* action) const;

  const std::wstring reader_;
  std::mutex mutex_;
  ScardContext context_;
  /** Goes before the context. */
  UniqueHandle<ScardHandleTraits> handle_;
  /** Goes before the handle. */
  std::vector<std::shared_ptr<void>> kept_;
  DWORD protocol_ = SCARD_PROTOCOL_UNDEFINED;
};

}  // namespace vsc
