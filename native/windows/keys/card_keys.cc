#include "windows/keys/card_keys.h"

#include "windows/keys/csp_keys.h"
#include "windows/keys/ksp_keys.h"

namespace vsc {

std::unique_ptr<CardKeys> CardKeys::Open(Provider provider, const std::wstring& reader) {
  if (provider == Provider::kCsp) return std::make_unique<CspKeys>(reader);
  return std::make_unique<KspKeys>(reader);
}

}  // namespace vsc
