#pragma once

#include <napi.h>

#include <memory>

#include "node/calls/pending_calls.h"

namespace vsc {

/**
 * listKeys, createKey, readPublicKey, signHash, decrypt, readCertificate, writeCertificate,
 * deleteKey. Each may get a listener for its events after its other arguments.
 */
void ExportKeys(Napi::Env env, Napi::Object exports, const std::shared_ptr<PendingCalls>& calls);

}  // namespace vsc
