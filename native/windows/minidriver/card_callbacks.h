#pragma once

#include "windows/minidriver/card_data.h"

namespace vsc {

/**
 * Gives a card module what it may call: memory of the process's heap, wiped when it is freed; a
 * cache that keeps nothing, so that the card is asked each time; and no padding, since no module
 * signs here.
 */
void SetCardCallbacks(CardData& data);

}  // namespace vsc
