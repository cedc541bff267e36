#include "posix/libtpms.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "posix/checked_content.h"
#include "posix/libtpms_memory.h"
#include "posix/thread_signals.h"

namespace vsc {

namespace {

/** The transport that libtpms runs for, which its callbacks work for. */
std::atomic<LibtpmsTransport*> running{nullptr};
/** Held where `running` must stay as it is. */
std::mutex running_mutex;

/** Held while libtpms' code runs. */
std::mutex library_mutex;
bool process_ends = false;

/**
 * exit() destroys OpenSSL's state under libtpms while our thread may be in a command: waits for
 * that command and lets no other begin.
 */
void HoldAtExit() {
  {
    const std::lock_guard<std::mutex> lock(running_mutex);
    if (running != nullptr) LibtpmsLibrary::Load().cancel_command();
  }
  const std::lock_guard<std::mutex> lock(library_mutex);
  process_ends = true;
}

void RegisterHoldAtExit() {
  static const int registered = std::atexit(HoldAtExit);
  static_cast<void>(registered);
}

void StopRunning() {
  const std::lock_guard<std::mutex> lock(running_mutex);
  running = nullptr;
}

TpmResult Nothing() {
  return kTpmSuccess;
}

std::string Hex(TpmResult code) {
  char text[16];
  std::snprintf(text, sizeof(text), "0x%x", code);
  return text;
}

}  // namespace

LibtpmsTransport::LibtpmsTransport(std::string state_directory)
    : state_directory_(std::move(state_directory)) {}

LibtpmsTransport::~LibtpmsTransport() {
  Close();
}

void LibtpmsTransport::Open() {
  BlockSignals();
  const LibtpmsLibrary& library = LibtpmsLibrary::Load();
  LibtpmsTransport* none = nullptr;
  if (!running.compare_exchange_strong(none, this)) {
    throw NativeError("LIBTPMS_BUSY", "This process runs a software TPM already");
  }
  try {
    files_.emplace(state_directory_);
    library_ = &library;
    Start();
  } catch (...) {
    library_ = nullptr;
    files_.reset();
    StopRunning();
    throw;
  }
}

void LibtpmsTransport::Start() {
  const std::lock_guard<std::mutex> lock(library_mutex);
  if (process_ends) throw NativeError("CLOSED", "The process ends");

  LibtpmsCallbacks callbacks = Callbacks();
  TpmResult result = library_->choose_version(kTpmVersion2);
  if (result == kTpmSuccess) result = library_->register_callbacks(&callbacks);
  if (result != kTpmSuccess) {
    throw NativeError("LIBTPMS_FAILED", "libtpms refused to run a TPM 2.0 (" + Hex(result) + ")");
  }
  loaded_state_ = false;
  result = library_->main_init();
  RegisterHoldAtExit();
  if (result == kTpmSuccess && !failure_) return;
  library_->terminate();
  if (failure_) throw *std::exchange(failure_, std::nullopt);
  if (loaded_state_) {
    throw NativeError(kStateCorrupt, "libtpms does not accept the state in " + state_directory_ +
                                         " (" + Hex(result) + ")");
  }
  throw NativeError("LIBTPMS_FAILED", "libtpms did not start (" + Hex(result) + ")");
}

SecretBuffer LibtpmsTransport::Transmit(const SecretBuffer& command) {
  const std::lock_guard<std::mutex> lock(library_mutex);
  if (library_ == nullptr || process_ends) throw NativeError("CLOSED", "The transport is closed");
  if (failure_) throw *failure_;
  std::uint32_t size = 0;
  // libtpms takes the command as not const, but only reads it.
  const TpmResult result = library_->process(&response_, &size, &response_capacity_,
                                             const_cast<unsigned char*>(command.data()),
                                             static_cast<std::uint32_t>(command.size()));
  SecretBuffer response(response_, size);
  Wipe(response_, size);
  // The response of a command whose result is not on the disk says nothing that will last.
  if (failure_) throw *failure_;
  if (result != kTpmSuccess) {
    throw NativeError("LIBTPMS_FAILED", "libtpms did not process a command (" + Hex(result) + ")");
  }
  return response;
}

void LibtpmsTransport::Forget(const std::vector<SecretBuffer>& values) {
  const std::lock_guard<std::mutex> lock(library_mutex);
  if (library_ == nullptr) throw NativeError("CLOSED", "The transport is closed");
  WipeInLibraryVariables(reinterpret_cast<const void*>(library_->process), values);
  if (response_ != nullptr) WipeIn(response_, response_capacity_, values);
}

void LibtpmsTransport::Close() noexcept {
  if (library_ == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(library_mutex);
    if (!process_ends) library_->terminate();
  }
  library_ = nullptr;
  Wipe(response_, response_capacity_);
  std::free(std::exchange(response_, nullptr));
  response_capacity_ = 0;
  files_.reset();
  StopRunning();
}

void LibtpmsTransport::Interrupt() noexcept {
  const std::lock_guard<std::mutex> lock(running_mutex);
  // Ends a key generation; libtpms forgets it at the start of the next command.
  if (running == this) LibtpmsLibrary::Load().cancel_command();
}

void LibtpmsTransport::TakeFailure(const NativeError& error) {
  if (failure_) return;
  if (error.code() == kStateCorrupt) {
    failure_ = error;
    return;
  }
  failure_.emplace("STATE_IO",
                   std::string(error.what()) + "; the software TPM stops until it is opened again");
}

LibtpmsCallbacks LibtpmsTransport::Callbacks() {
  LibtpmsCallbacks callbacks = {};
  callbacks.size_of_struct = sizeof(callbacks);
  callbacks.nvram_init = Nothing;
  callbacks.nvram_load = Load;
  callbacks.nvram_store = Store;
  callbacks.nvram_delete = Delete;
  callbacks.io_init = Nothing;
  return callbacks;
}

TpmResult LibtpmsTransport::Load(unsigned char** data, std::uint32_t* length, std::uint32_t,
                                 const char* name) {
  LibtpmsTransport& self = *running;
  try {
    const std::optional<SecretBuffer> content = self.files_->Load(name);
    if (!content) return kTpmRetry;
    self.loaded_state_ = true;

    // libtpms frees it.
    auto* copy = static_cast<unsigned char*>(std::malloc(content->size()));
    if (copy == nullptr) return kTpmFail;
    std::memcpy(copy, content->data(), content->size());
    *data = copy;
    *length = static_cast<std::uint32_t>(content->size());
    return kTpmSuccess;
  } catch (...) {
    self.TakeFailure(CurrentError());
    return kTpmFail;
  }
}

TpmResult LibtpmsTransport::Store(const unsigned char* data, std::uint32_t length, std::uint32_t,
                                  const char* name) {
  LibtpmsTransport& self = *running;
  try {
    self.files_->Store(name, data, length);
    return kTpmSuccess;
  } catch (...) {
    self.TakeFailure(CurrentError());
    return kTpmFail;
  }
}

TpmResult LibtpmsTransport::Delete(std::uint32_t, const char* name, unsigned char must_exist) {
  LibtpmsTransport& self = *running;
  try {
    const bool existed = self.files_->Remove(name);
    return existed || must_exist == 0 ? kTpmSuccess : kTpmFail;
  } catch (...) {
    self.TakeFailure(CurrentError());
    return kTpmFail;
  }
}

}  // namespace vsc
