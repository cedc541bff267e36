#pragma once

#include <napi.h>

#include "windows/calls/pending_calls.h"

namespace vsc {

/**
 * connectCard(readerName): a call whose result is a card, an object of functions that start calls:
 * transmit, beginTransaction, endTransaction, minidriver, reconnect, close.
 */
Napi::Value ConnectCard(const Napi::CallbackInfo& info, PendingCalls& calls);

}  // namespace vsc
