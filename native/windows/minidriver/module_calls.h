#pragma once

#include <memory>

#include "node/calls/pending_calls.h"
#include "windows/winscard/scard_card.h"

namespace vsc {

/**
 * A call that loads the card's module. Its result is null, or an object of the file's name (`file`)
 * and functions that start calls: verifyPin, changePin, unblockByPuk, challenge, unblockByResponse,
 * changeAdminKey, authenticateAdmin, release.
 */
std::shared_ptr<SystemCall> LoadModule(std::shared_ptr<ScardCard> card,
                                       std::shared_ptr<PendingCalls> calls);

}  // namespace vsc
