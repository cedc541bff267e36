#include "node/secret_buffer.h"

#include <cstring>
#include <utility>

namespace vsc {

namespace {

// The compiler cannot know what a volatile pointer points to, so it has to make the call.
void* (*const volatile overwrite)(void*, int, std::size_t) = std::memset;

}  // namespace

void Wipe(void* data, std::size_t size) noexcept {
  if (size > 0) overwrite(data, 0, size);
}

SecretBuffer::SecretBuffer(std::size_t size)
    : data_(size > 0 ? new std::uint8_t[size]() : nullptr), size_(size) {}

SecretBuffer::SecretBuffer(const std::uint8_t* data, std::size_t size) : SecretBuffer(size) {
  if (size > 0) std::memcpy(data_.get(), data, size);
}

SecretBuffer::SecretBuffer(SecretBuffer&& other) noexcept
    : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

SecretBuffer& SecretBuffer::operator=(SecretBuffer&& other) noexcept {
  if (this != &other) {
    Clear();
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void SecretBuffer::Clear() noexcept {
  Wipe(data_.get(), size_);
  data_.reset();
  size_ = 0;
}

void SecretBuffer::Shrink(std::size_t size) noexcept {
  if (size >= size_) return;
  Wipe(data_.get() + size, size_ - size);
  // The tail stays allocated but holds zeros, so wiping the first `size` bytes later is enough.
  size_ = size;
}

}  // namespace vsc
