#pragma once

#include "tpmvscmgr.h"

namespace lab {

HRESULT DestroyCard(const WCHAR* instanceId, ITpmVirtualSmartCardManagerStatusCallback* callback,
                    BOOL* needReboot);

}  // namespace lab
