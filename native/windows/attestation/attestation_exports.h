#pragma once

#include <napi.h>

#include <memory>

#include "node/calls/pending_calls.h"

namespace vsc {

/** attestationKeyContainer. */
void ExportAttestation(Napi::Env env, Napi::Object exports,
                       const std::shared_ptr<PendingCalls>& calls);

}  // namespace vsc
