#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace vsc {

/** Overwrites memory with zeros in a way that the compiler does not optimise away. */
void Wipe(void* data, std::size_t size) noexcept;

/** Bytes of their own memory, wiped when they go. Moves, never copies by itself. */
class SecretBuffer {
 public:
  SecretBuffer() = default;
  explicit SecretBuffer(std::size_t size);
  SecretBuffer(const std::uint8_t* data, std::size_t size);
  SecretBuffer(SecretBuffer&& other) noexcept;
  SecretBuffer& operator=(SecretBuffer&& other) noexcept;
  ~SecretBuffer() { Clear(); }

  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;

  std::uint8_t* data() { return data_.get(); }
  const std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

  /** Wipes and frees. */
  void Clear() noexcept;
  /** Wipes what lies beyond `size` and forgets it. */
  void Shrink(std::size_t size) noexcept;

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
};

}  // namespace vsc
