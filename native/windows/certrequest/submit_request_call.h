#pragma once

#include "windows/certrequest/certificate_request_call.h"

namespace vsc {

/** Hands a new request in. */
class SubmitRequestCall final : public CertificateRequestCall {
 public:
  /** `format`: one of CR_IN_PKCS10, CR_IN_PKCS7, CR_IN_CMC; `request` in base64; `attributes` may
   * be empty. */
  SubmitRequestCall(std::wstring config, LONG format, std::wstring request, std::wstring attributes)
      : CertificateRequestCall(std::move(config)),
        format_(format),
        text_(std::move(request)),
        attributes_(std::move(attributes)) {}

  /** Tells the number of a request that the authority has got after all. */
  void TakeBack(CallLine& line) noexcept override;

 protected:
  HRESULT Ask(certcli::Request* request, BSTR config, LONG* disposition) override;
  std::string action() const override { return "submit the request"; }

 private:
  const LONG format_;
  const std::wstring text_;
  const std::wstring attributes_;
};

}  // namespace vsc
