#pragma once

#include <vector>

#include "node/secret_buffer.h"

namespace vsc {

/** A way to a TPM. Everything but Interrupt is called on one thread, the transport's own. */
class Transport {
 public:
  virtual ~Transport() = default;

  /** Throws NativeError, and then holds nothing. */
  virtual void Open() = 0;
  /** One whole command in, its whole response out. */
  virtual SecretBuffer Transmit(const SecretBuffer& command) = 0;
  /** Overwrites the copies of these values that the TPM's code in this process may have kept. */
  virtual void Forget(const std::vector<SecretBuffer>& values) = 0;
  /** Lets go of everything. Safe to call twice, and without Open. */
  virtual void Close() noexcept = 0;
  /** From any thread: makes a command that runs or waits end soon, whatever its result. */
  virtual void Interrupt() noexcept = 0;
};

}  // namespace vsc
