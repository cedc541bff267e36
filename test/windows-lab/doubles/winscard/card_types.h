#pragma once

#include <string>

#include "common/bytes.h"

namespace lab {

/** Names of the card types in the registry whose masked ATR is `atr`, or of all for an empty one.
 */
std::wstring CardTypeNames(const Bytes& atr);

/** A provider of a card type: 1 primary, 2 CSP, 3 KSP, 0x80000001 card module. Throws StatusError.
 */
std::wstring CardTypeProvider(const std::wstring& cardName, unsigned long providerId);

}  // namespace lab
