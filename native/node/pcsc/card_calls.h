#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "node/calls/call_object.h"
#include "node/pcsc/reader_card.h"

namespace vsc {

/**
 * Starts a call whose result is a card, an object of functions that start calls: transmit,
 * beginTransaction, endTransaction, reconnect, close, and those that `add_more` adds.
 */
Napi::Value StartConnecting(Napi::Env env, PendingCalls& calls, std::shared_ptr<ReaderCard> card,
                            std::function<void(CallObject&)> add_more);

}  // namespace vsc
