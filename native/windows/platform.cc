#include "node/platform.h"

#include "node/calls/pending_calls.h"
#include "node/environment.h"
#include "node/transport_object.h"
#include "windows/attestation/attestation_exports.h"
#include "windows/certificates/certificate_exports.h"
#include "windows/certrequest/certificate_request_exports.h"
#include "windows/keys/key_exports.h"
#include "windows/manager/manager_exports.h"
#include "windows/services/service_exports.h"
#include "windows/system/pinned_module.h"
#include "windows/tbs/tbs_exports.h"
#include "windows/winscard/winscard_exports.h"

namespace vsc {

void ExportPlatform(Napi::Env env, Napi::Object exports) {
  WithErrors(env, PinModule);
  Environment::Of(env).transport_class = Napi::Persistent(TransportObject::Define(env));
  const std::shared_ptr<PendingCalls> calls = PendingCalls::Install(env);
  ExportManager(env, exports, calls);
  ExportWinscard(env, exports, calls);
  ExportKeys(env, exports, calls);
  ExportCertificates(env, exports, calls);
  ExportCertificateRequests(env, exports, calls);
  ExportAttestation(env, exports, calls);
  ExportTbs(env, exports, calls);
  ExportServices(env, exports, calls);
}

}  // namespace vsc
