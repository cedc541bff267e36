#pragma once

#include "tpmvscmgr.h"

namespace lab {

/** Reports a status on a thread of its own, after the call that the callback came with returned. */
void CallBackLate(ITpmVirtualSmartCardManagerStatusCallback* callback, int status);

}  // namespace lab
