#include "windows/certrequest/certificate_request_call.h"

#include "windows/certrequest/automation_string.h"
#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

std::wstring DefaultConfig() {
  ComPtr<certcli::Config> config;
  CheckHresult(CoCreateInstance(certcli::kConfigClass, nullptr, CLSCTX_INPROC_SERVER,
                                certcli::kConfig, config.Receive()),
               "start Windows' list of certification authorities");
  const std::string action = "find this machine's default certification authority";
  AutomationString name;
  CheckHresult(
      config.get()->table->GetConfig(config.get(), certcli::kDefaultConfig, name.Receive()),
      action);
  std::wstring text = TextOf(name);
  if (text.empty()) throw HresultError(HRESULT_FROM_WIN32(ERROR_NOT_FOUND), action);
  return text;
}

/** Certificate or chain, in base64; empty when Windows succeeds without giving one. */
HRESULT Certificate(certcli::Request* request, LONG flags, std::wstring& text) {
  AutomationString certificate;
  const HRESULT result =
      request->table->GetCertificate(request, certcli::kOutBase64 | flags, certificate.Receive());
  if (SUCCEEDED(result)) text = TextOf(certificate);
  return result;
}

}  // namespace

void CertificateRequestCall::Work(CallLine&) {
  apartment_.emplace();
  if (config_.empty()) config_ = DefaultConfig();
  CheckHresult(CoCreateInstance(certcli::kRequestClass, nullptr, CLSCTX_INPROC_SERVER,
                                certcli::kRequest, request_.Receive()),
               "start Windows' client of certification authorities");
  const AutomationString config = ToAutomationString(config_);
  CheckHresult(Ask(request_.get(), config.get(), &disposition_),
               action() + " (" + ToUtf8(config_) + ")");
  ReadAnswer();
}

void CertificateRequestCall::ReadAnswer() {
  certcli::Request* const request = request_.get();
  const certcli::RequestTable& table = *request->table;
  CheckHresult(table.GetRequestId(request, &request_id_), "get the number of the request");
  const HRESULT asked = table.GetLastStatus(request, &status_);
  if (FAILED(asked)) status_ = asked;
  // A text for people: without it the answer is the same.
  AutomationString message;
  if (SUCCEEDED(table.GetDispositionMessage(request, message.Receive()))) {
    message_ = TextOf(message);
  }
  const std::string number = std::to_string(request_id_);
  if (disposition_ == certcli::kDispositionError) {
    throw HresultError(FAILED(status_) ? status_ : E_FAIL,
                       action() + " (" + ToUtf8(config_) + ", request " + number +
                           (message_.empty() ? "" : ", \"" + ToUtf8(message_) + "\"") + ")");
  }
  if (disposition_ != certcli::kDispositionIssued) return;
  CheckHresult(Certificate(request, 0, certificate_),
               "get the certificate that was issued for request " + number);
  // Without its chain the certificate is worth having; what is known of the chain stays empty.
  if (FAILED(Certificate(request, certcli::kOutChain, chain_))) chain_.clear();
}

Napi::Value CertificateRequestCall::Result(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("config", ToJavaScript(env, config_));
  result.Set("disposition", Napi::Number::New(env, disposition_));
  result.Set("requestId", Napi::Number::New(env, request_id_));
  result.Set("status", Napi::Number::New(env, static_cast<std::uint32_t>(status_)));
  result.Set("message", ToJavaScript(env, message_));
  result.Set("certificate", ToJavaScript(env, certificate_));
  result.Set("chain", ToJavaScript(env, chain_));
  return result;
}

void CertificateRequestCall::End() noexcept {
  request_.Reset();
  apartment_.reset();
}

}  // namespace vsc
