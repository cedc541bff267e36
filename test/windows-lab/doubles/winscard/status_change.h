#pragma once

#include "winscard/context.h"

namespace lab {

/** SCardGetStatusChangeW without the frame: waits until a state is another than the caller's. */
void GetStatusChange(Context& context, DWORD timeoutMs, SCARD_READERSTATEW* states, DWORD count);

}  // namespace lab
