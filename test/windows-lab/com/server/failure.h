#pragma once

#include <windows.h>

#include <utility>
#include <vector>

namespace lab {

/** Why a manager's method fails: what it reports to the callback first, and what it returns. */
class Failure {
 public:
  Failure(uint32_t result, std::vector<int> errors) : result_(result), errors_(std::move(errors)) {}
  HRESULT result() const { return static_cast<HRESULT>(result_); }
  /** TPMVSCMGR_ERROR values, in the order in which they are reported. */
  const std::vector<int>& errors() const { return errors_; }

 private:
  uint32_t result_;
  std::vector<int> errors_;
};

/** The callback asked for an end; the method returns the callback's own HRESULT. */
class Aborted : public Failure {
 public:
  explicit Aborted(HRESULT result) : Failure(static_cast<uint32_t>(result), {}) {}
};

}  // namespace lab
