#include "posix/device.h"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <utility>

#include "posix/errno_error.h"
#include "posix/thread_signals.h"

namespace vsc {

namespace {

constexpr std::size_t kHeaderSize = 10;
constexpr std::size_t kLargestResponse = 4096;

/** The size field of a response header: bytes 2 to 5, big endian. */
std::size_t AnnouncedSize(const std::uint8_t* header) {
  return (std::size_t{header[2]} << 24) | (std::size_t{header[3]} << 16) |
         (std::size_t{header[4]} << 8) | std::size_t{header[5]};
}

}  // namespace

DeviceTransport::DeviceTransport(std::string path) : path_(std::move(path)) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw ErrnoError(errno, "open " + path_);
  interrupt_read_ = FileDescriptor(ends[0]);
  interrupt_write_ = FileDescriptor(ends[1]);
}

void DeviceTransport::Open() {
  BlockSignals();
  device_ = FileDescriptor(
      Uninterrupted([&] { return open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY); }));
  if (!device_.valid()) throw ErrnoError(errno, "open " + path_);
}

SecretBuffer DeviceTransport::Transmit(const SecretBuffer& command) {
  if (!device_.valid()) throw NativeError("CLOSED", "The transport is closed");
  if (out_of_step_) {
    throw NativeError("EIO", path_ + " failed within an earlier command; open it again");
  }
  out_of_step_ = true;
  Write(command);
  SecretBuffer response = ReadResponse();
  out_of_step_ = false;
  return response;
}

void DeviceTransport::Write(const SecretBuffer& command) {
  const ssize_t count =
      Uninterrupted([&] { return write(device_.get(), command.data(), command.size()); });
  if (count < 0) {
    const int number = errno;
    // The kernel took nothing, so there is no response to come.
    out_of_step_ = false;
    throw ErrnoError(number, "write to " + path_);
  }
  if (static_cast<std::size_t>(count) != command.size()) {
    throw NativeError("EIO", path_ + " took " + std::to_string(count) + " of " +
                                 std::to_string(command.size()) + " bytes of a command");
  }
}

SecretBuffer DeviceTransport::ReadResponse() {
  SecretBuffer response(kLargestResponse);
  std::size_t filled = 0;
  std::size_t expected = kHeaderSize;
  // The kernel hands a response over in one read; what stands in for it may need several.
  while (filled < expected) {
    WaitReadable();
    const ssize_t count = Uninterrupted(
        [&] { return read(device_.get(), response.data() + filled, response.size() - filled); });
    if (count < 0) throw ErrnoError(errno, "read from " + path_);
    if (count == 0) {
      throw NativeError("EIO",
                        path_ + " ended its response after " + std::to_string(filled) + " bytes");
    }
    filled += static_cast<std::size_t>(count);
    if (filled < kHeaderSize) continue;
    expected = AnnouncedSize(response.data());
    if (expected < kHeaderSize || expected > kLargestResponse || filled > expected) {
      throw NativeError("EIO", path_ + " sent " + std::to_string(filled) +
                                   " bytes whose header announces " + std::to_string(expected));
    }
  }
  response.Shrink(filled);
  return response;
}

void DeviceTransport::WaitReadable() {
  pollfd waits[] = {{device_.get(), POLLIN, 0}, {interrupt_read_.get(), POLLIN, 0}};
  if (Uninterrupted([&] { return poll(waits, 2, -1); }) < 0) {
    throw ErrnoError(errno, "wait for " + path_);
  }
  if (waits[1].revents != 0) throw ErrnoError(ECANCELED, "wait for " + path_);
}

void DeviceTransport::Close() noexcept {
  device_.Close();
}

void DeviceTransport::Interrupt() noexcept {
  const char byte = 0;
  // Fails only when the pipe is full, which means that it is readable already.
  const ssize_t written = write(interrupt_write_.get(), &byte, 1);
  static_cast<void>(written);
}

}  // namespace vsc
