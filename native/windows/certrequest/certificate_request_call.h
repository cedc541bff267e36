#pragma once

#include <optional>
#include <string>

#include "node/calls/system_call.h"
#include "windows/certrequest/certcli.h"
#include "windows/system/apartment.h"
#include "windows/system/com_ptr.h"

namespace vsc {

/** A question to a certification authority about one certificate request, and its answer. */
class CertificateRequestCall : public SystemCall {
 public:
  /** `config`: the authority, as Windows names it; empty for the machine's default. */
  explicit CertificateRequestCall(std::wstring config) : config_(std::move(config)) {}

  void Work(CallLine& line) final;
  /** `{ config, disposition, requestId, status, message, certificate, chain }`, see
   * native-windows.ts. */
  Napi::Value Result(Napi::Env env) final;
  void End() noexcept final;

 protected:
  /** Makes the call itself. */
  virtual HRESULT Ask(certcli::Request* request, BSTR config, LONG* disposition) = 0;
  /** As in "Could not submit the request". */
  virtual std::string action() const = 0;

  LONG request_id() const { return request_id_; }

 private:
  void ReadAnswer();

  std::wstring config_;
  std::optional<Apartment> apartment_;
  ComPtr<certcli::Request> request_;
  LONG disposition_ = 0;
  LONG request_id_ = 0;
  LONG status_ = 0;
  std::wstring message_;
  std::wstring certificate_;
  std::wstring chain_;
};

}  // namespace vsc
