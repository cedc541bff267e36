#pragma once

#include <cstdint>

namespace lab {

/** What an exported function returns instead of success: a SCARD_*, NTE_*, TBS_E_* or Win32 code.
 */
class StatusError {
 public:
  explicit StatusError(uint32_t code) : code_(code) {}
  uint32_t code() const { return code_; }

 private:
  uint32_t code_;
};

/** Fails with `code` unless `condition` holds. */
inline void Require(bool condition, uint32_t code) {
  if (!condition) throw StatusError(code);
}

}  // namespace lab
