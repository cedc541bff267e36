#pragma once

#include "server/create_arguments.h"
#include "tpmvscmgr.h"

namespace lab {

/** What the three methods that create a card do. `needReboot` is null where the method has none. */
HRESULT CreateCard(const char* method, const CreateArguments& arguments,
                   ITpmVirtualSmartCardManagerStatusCallback* callback, WCHAR** instanceId,
                   BOOL* needReboot);

}  // namespace lab
