#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "node/pcsc/reader_card.h"
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

/** It has a context of its own, because calls on one context wait for one another. */
class ScardCard final : public ReaderCard {
 public:
  explicit ScardCard(std::wstring reader) : reader_(std::move(reader)) {}

  void Connect() override;
  SecretBuffer Transmit(const SecretBuffer& command) override;
  void BeginTransaction() override;
  void EndTransaction(bool reset) override;
  void Reconnect(bool reset) override;
  void Close(bool reset) override;
  bool is_open() const override { return static_cast<bool>(handle_); }

  /** Runs `work` with the card's handle, which nothing else here uses meanwhile. */
  void Use(const std::function<void(SCARDCONTEXT, SCARDHANDLE)>& work);
  /** Keeps what `make` makes, which may use the handle to its end: until Drop, or Close. */
  void Keep(const std::function<std::shared_ptr<void>(SCARDCONTEXT, SCARDHANDLE)>& make);
  void Drop(const std::weak_ptr<void>& kept) noexcept;

 private:
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
