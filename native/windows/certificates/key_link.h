#pragma once

#include <optional>
#include <string>

#include "windows/certificates/crypt32_library.h"
#include "windows/keys/card_keys.h"

namespace vsc {

/**
 * What ties a certificate to its key on a card: the property CERT_KEY_PROV_INFO, by which a program
 * finds provider and container. Nothing here touches the key itself: Windows would ask the user to
 * insert a card that is gone, and wait.
 */
struct KeyLink {
  CardKeys::Provider provider = CardKeys::Provider::kKsp;
  /** Its name alone, without a reader's: that does not last. */
  std::wstring container;
  /** AT_KEYEXCHANGE or AT_SIGNATURE; 0 in links of the KSP, where the container says it. */
  DWORD key_spec = 0;
};

/** Nothing when the certificate has no key, or one that is not a smart card's. */
std::optional<KeyLink> ReadKeyLink(PCCERT_CONTEXT certificate);

/** In a store this lasts; the certificate's other properties stay. Throws NativeError. */
void WriteKeyLink(PCCERT_CONTEXT certificate, const KeyLink& link);

}  // namespace vsc
