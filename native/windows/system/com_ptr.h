#pragma once

#include <objbase.h>
#include <unknwn.h>

#include <utility>

namespace vsc {

/** Owns one reference to a COM object. Works for any structure that begins with IUnknown's table.
 */
template <typename Interface>
class ComPtr {
 public:
  ComPtr() = default;
  ComPtr(ComPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ComPtr& operator=(ComPtr&& other) noexcept {
    if (this != &other) {
      Reset();
      object_ = std::exchange(other.object_, nullptr);
    }
    return *this;
  }
  ~ComPtr() { Reset(); }

  ComPtr(const ComPtr&) = delete;
  ComPtr& operator=(const ComPtr&) = delete;

  Interface* get() const { return object_; }
  IUnknown* unknown() const { return reinterpret_cast<IUnknown*>(object_); }
  explicit operator bool() const { return object_ != nullptr; }

  /** Where COM puts a new reference. */
  void** Receive() {
    Reset();
    return reinterpret_cast<void**>(&object_);
  }
  /** Takes a reference over. */
  void Attach(Interface* object) {
    Reset();
    object_ = object;
  }
  void Reset() noexcept {
    if (object_ != nullptr) reinterpret_cast<IUnknown*>(std::exchange(object_, nullptr))->Release();
  }

 private:
  Interface* object_ = nullptr;
};

}  // namespace vsc
