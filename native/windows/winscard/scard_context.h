#pragma once

#include "node/unique_handle.h"
#include "windows/winscard/winscard_library.h"

namespace vsc {

struct ScardContextTraits {
  using Type = SCARDCONTEXT;
  static Type None() { return 0; }
  static void Close(Type context) noexcept { WinscardLibrary::Get().ReleaseContext(context); }
};

/** A connection to the smart card resource manager. */
using ScardContext = UniqueHandle<ScardContextTraits>;

/** Throws NativeError, SCARD_E_NO_SERVICE where the service does not run. */
ScardContext EstablishScardContext();

}  // namespace vsc
