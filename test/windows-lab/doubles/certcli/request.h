#pragma once

#include <windows.h>

#include <certcli.h>

#include "certcli/dispatch_object.h"
#include "common/json.h"

namespace lab {

/** ICertRequest before the authority that the forwarder has. */
class CertRequest final : public DispatchObject<ICertRequest> {
 public:
  CertRequest();

  HRESULT WINAPI Submit(LONG flags, const BSTR request, const BSTR attributes, const BSTR config,
                        LONG* disposition) override;
  HRESULT WINAPI RetrievePending(LONG requestId, const BSTR config, LONG* disposition) override;
  HRESULT WINAPI GetLastStatus(LONG* status) override;
  HRESULT WINAPI GetRequestId(LONG* requestId) override;
  HRESULT WINAPI GetDispositionMessage(BSTR* message) override;
  HRESULT WINAPI GetCACertificate(LONG exchange, const BSTR config, LONG flags,
                                  BSTR* certificate) override;
  HRESULT WINAPI GetCertificate(LONG flags, BSTR* certificate) override;

 private:
  /** Takes the authority's answer, or the one that a test has scripted. */
  template <typename Ask>
  HRESULT Answer(const char* call, Json::Object arguments, LONG* disposition, Ask ask);
  /** Fails when nothing was asked yet. */
  const Json& Held() const;

  Json answer_;
};

}  // namespace lab
