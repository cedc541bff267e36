#pragma once

#include <mutex>

#include "node/transport.h"
#include "node/unique_handle.h"
#include "windows/tbs/tbs_library.h"

namespace vsc {

struct TbsContextTraits {
  using Type = TbsLibrary::Context;
  static Type None() { return nullptr; }
  static void Close(Type context) noexcept { TbsLibrary::Get().ContextClose(context); }
};

/** The machine's TPM, by way of the TPM base services. */
class TbsTransport final : public Transport {
 public:
  void Open() override;
  SecretBuffer Transmit(const SecretBuffer& command) override;
  /** The TPM is not in this process, and the buffers here are wiped after use. */
  void Forget(const std::vector<SecretBuffer>&) override {}
  void Close() noexcept override;
  void Interrupt() noexcept override;

 private:
  /** Guards the context against its end while another thread interrupts it. */
  std::mutex mutex_;
  UniqueHandle<TbsContextTraits> context_;
};

}  // namespace vsc
