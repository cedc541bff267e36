#pragma once

namespace vsc {

/**
 * Overwrites what functions that have returned left behind on this thread: the stack below the
 * caller, and the vector registers through which the C library copies memory.
 */
void WipeDeadStack() noexcept;

}  // namespace vsc
