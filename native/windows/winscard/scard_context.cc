#include "windows/winscard/scard_context.h"

#include "windows/system/hresult_error.h"

namespace vsc {

ScardContext EstablishScardContext() {
  ScardContext context;
  CheckCode(WinscardLibrary::Get().EstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr,
                                                    context.Receive()),
            "reach the smart card service");
  return context;
}

}  // namespace vsc
