#pragma once

#include <string>
#include <vector>

#include "node/unique_handle.h"
#include "posix/pcsc/pcsc_library.h"

namespace vsc {

struct PcscContextTraits {
  using Type = ScardContextNumber;
  static Type None() { return 0; }
  static void Close(Type context) noexcept { PcscLibrary::Get().release_context(context); }
};

/** A connection to the smart card service. */
using PcscContext = UniqueHandle<PcscContextTraits>;

/** Throws NativeError, with SCARD_E_NO_SERVICE where the service does not run. */
PcscContext EstablishPcscContext();

/** Names of all readers; none is no error. */
std::vector<std::string> PcscReaderNames(const PcscContext& context);

}  // namespace vsc
