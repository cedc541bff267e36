#pragma once

#include <cstdint>
#include <optional>

#include "common/status_error.h"

namespace lab {

/** The card refused a command. Its code is what Windows' layers above a card give for it. */
class CardError : public StatusError {
 public:
  explicit CardError(uint16_t statusWord);
  uint16_t statusWord() const { return statusWord_; }
  /** Tries left, for 63Cx and 6983. */
  std::optional<uint32_t> TriesLeft() const;

 private:
  uint16_t statusWord_;
};

}  // namespace lab
