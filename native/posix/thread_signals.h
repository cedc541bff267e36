#pragma once

namespace vsc {

/**
 * Leaves signals to Node's own threads. Also makes a write beyond the file size limit (SIGXFSZ)
 * and into a closed pipe (SIGPIPE) an error on this thread, not the end of the process.
 */
void BlockSignals() noexcept;

}  // namespace vsc
