#pragma once

#include <string>

#include "node/transport.h"
#include "posix/file_descriptor.h"

namespace vsc {

/** A TPM that the kernel offers as a character device: one write per command, one read per
 * response. */
class DeviceTransport final : public Transport {
 public:
  /** Throws ErrnoError when the process has no descriptors left. */
  explicit DeviceTransport(std::string path);

  void Open() override;
  SecretBuffer Transmit(const SecretBuffer& command) override;
  /** The TPM is not in this process, and the buffers here are wiped after use. */
  void Forget(const std::vector<SecretBuffer>&) override {}
  void Close() noexcept override;
  void Interrupt() noexcept override;

 private:
  void Write(const SecretBuffer& command);
  SecretBuffer ReadResponse();
  void WaitReadable();

  std::string path_;
  FileDescriptor device_;
  /** Once a command went out without its response, the next response would be the wrong one. */
  bool out_of_step_ = false;

  /** A pipe that becomes readable when the transport is interrupted. */
  FileDescriptor interrupt_read_;
  FileDescriptor interrupt_write_;
};

}  // namespace vsc
