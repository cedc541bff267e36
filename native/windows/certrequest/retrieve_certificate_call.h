#pragma once

#include "windows/certrequest/certificate_request_call.h"

namespace vsc {

/** Asks what has become of a request that was handed in before. */
class RetrieveCertificateCall final : public CertificateRequestCall {
 public:
  RetrieveCertificateCall(std::wstring config, LONG number)
      : CertificateRequestCall(std::move(config)), number_(number) {}

 protected:
  HRESULT Ask(certcli::Request* request, BSTR config, LONG* disposition) override {
    return request->table->RetrievePending(request, number_, config, disposition);
  }
  std::string action() const override {
    return "retrieve the certificate of request " + std::to_string(number_);
  }

 private:
  const LONG number_;
};

}  // namespace vsc
