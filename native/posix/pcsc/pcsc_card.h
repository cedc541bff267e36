#pragma once

#include <mutex>
#include <string>

#include "node/pcsc/reader_card.h"
#include "posix/pcsc/pcsc_context.h"

namespace vsc {

struct PcscHandleTraits {
  using Type = ScardHandleNumber;
  static Type None() { return 0; }
  /** With a reset: what was verified ends, whoever uses the card next. */
  static void Close(Type card) noexcept { PcscLibrary::Get().disconnect(card, scard::kResetCard); }
};

/** It has a context of its own, because calls on one context wait for one another. */
class PcscCard final : public ReaderCard {
 public:
  explicit PcscCard(std::string reader) : reader_(std::move(reader)) {}

  void Connect() override;
  SecretBuffer Transmit(const SecretBuffer& command) override;
  void BeginTransaction() override;
  void EndTransaction(bool reset) override;
  void Reconnect(bool reset) override;
  void Close(bool reset) override;
  bool is_open() const override { return static_cast<bool>(handle_); }

 private:
  ScardHandleNumber Handle() const;
  void Check(ScardResult result, const char* action) const;

  const std::string reader_;
  std::mutex mutex_;
  PcscContext context_;
  /** Goes before the context. */
  UniqueHandle<PcscHandleTraits> handle_;
  ScardWord protocol_ = 0;
};

}  // namespace vsc
