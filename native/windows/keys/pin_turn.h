#pragma once

#include <string>

#include "node/calls/call_line.h"

namespace vsc {

/**
 * The one call of this process that may give a provider a PIN for the card in a reader. The
 * providers keep one PIN per process and card: two calls at once would use each other's, and one
 * would drop the other's from the cache. Calls take their turns in the order in which they came,
 * those of all threads and of both providers; cards do not wait for one another.
 *
 * Behind a call that Windows does not come back from, others wait for as long as they are let:
 * cancelled or abandoned, they end without having touched the card. The turn is not taken from the
 * call that hangs, because it may still come to use the PIN it gave.
 */
class PinTurn {
 public:
  /** Waits for it. Throws NativeError E_ABORT once `line` (if not null) asks the call to stop. */
  PinTurn(const std::wstring& reader, const CallLine* line);
  ~PinTurn();

  PinTurn(const PinTurn&) = delete;
  PinTurn& operator=(const PinTurn&) = delete;

  /** Lets those who wait see whether they are to stop. */
  static void Wake() noexcept;

 private:
  const std::wstring reader_;
};

}  // namespace vsc
