#pragma once

#include <utility>

namespace vsc {

/**
 * Owns one handle of the system and lets go of it by its own function. `Traits` says what a handle
 * is (`Type`), what none is (`None()`), and how one is closed (`Close`).
 */
template <typename Traits>
class UniqueHandle {
 public:
  using Type = typename Traits::Type;

  UniqueHandle() = default;
  explicit UniqueHandle(Type handle) : handle_(handle) {}
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(other.Release()) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  ~UniqueHandle() { Reset(); }

  UniqueHandle(const UniqueHandle&) = delete;
  UniqueHandle& operator=(const UniqueHandle&) = delete;

  Type get() const { return handle_; }
  explicit operator bool() const { return handle_ != Traits::None(); }

  /** Where a system function puts a new handle. */
  Type* Receive() {
    Reset();
    return &handle_;
  }

  Type Release() { return std::exchange(handle_, Traits::None()); }

  void Reset(Type handle = Traits::None()) noexcept {
    const Type old = std::exchange(handle_, handle);
    if (old != Traits::None()) Traits::Close(old);
  }

 private:
  Type handle_ = Traits::None();
};

}  // namespace vsc
