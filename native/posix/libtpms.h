#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "node/native_error.h"
#include "node/transport.h"
#include "posix/libtpms_library.h"
#include "posix/state_files.h"

namespace vsc {

/**
 * The software TPM in this process. libtpms keeps its state in global variables, so there is one
 * at a time, whichever thread opened it.
 */
class LibtpmsTransport final : public Transport {
 public:
  explicit LibtpmsTransport(std::string state_directory);
  ~LibtpmsTransport() override;

  void Open() override;
  SecretBuffer Transmit(const SecretBuffer& command) override;
  void Forget(const std::vector<SecretBuffer>& values) override;
  void Close() noexcept override;
  void Interrupt() noexcept override;

 private:
  void Start();
  void TakeFailure(const NativeError& error);

  static LibtpmsCallbacks Callbacks();
  static TpmResult Load(unsigned char** data, std::uint32_t* length, std::uint32_t tpm_number,
                        const char* name);
  static TpmResult Store(const unsigned char* data, std::uint32_t length, std::uint32_t tpm_number,
                         const char* name);
  static TpmResult Delete(std::uint32_t tpm_number, const char* name, unsigned char must_exist);

  std::string state_directory_;
  std::optional<StateFiles> files_;
  const LibtpmsLibrary* library_ = nullptr;
  bool loaded_state_ = false;

  /** Set once memory and disk may differ: from then on every command is refused. */
  std::optional<NativeError> failure_;

  // libtpms reallocates it, hence from malloc.
  unsigned char* response_ = nullptr;
  std::uint32_t response_capacity_ = 0;
};

}  // namespace vsc
