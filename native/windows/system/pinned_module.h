#pragma once

namespace vsc {

/**
 * Keeps the addon in memory to the process's end: a call of the system that has not returned when a
 * worker thread ends still comes back to the addon's code.
 */
void PinModule();

}  // namespace vsc
