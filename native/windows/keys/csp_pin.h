#pragma once

#include <string>

#include "node/secret_buffer.h"
#include "windows/keys/crypt_handles.h"

namespace vsc {

/**
 * A PIN in the CSP's cache, which is one for the process and the card: from Give until this goes.
 * Without a PIN in the cache nothing in the process can use the card's keys silently, which is why
 * it does not stay.
 */
class CspPin {
 public:
  /**
   * `context` of the card is the one by which the PIN is given and dropped. It may be closed in
   * between: then it is dropped by a new one. `left` is told when the CSP keeps the PIN all the
   * same.
   */
  CspPin(const CryptProvider& context, DWORD key_spec, const std::wstring& reader, HRESULT& left);
  ~CspPin();

  CspPin(const CspPin&) = delete;
  CspPin& operator=(const CspPin&) = delete;

  /** ASCII without NUL. Throws NativeError. */
  void Give(const SecretBuffer& pin);

 private:
  HRESULT Drop() const noexcept;
  HRESULT DropByCard() const noexcept;

  const CryptProvider& context_;
  const DWORD parameter_;
  const std::wstring& reader_;
  HRESULT& left_;
};

}  // namespace vsc
