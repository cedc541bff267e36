#include "certcli/request.h"

#include <algorithm>
#include <iterator>

#include "certcli/automation.h"
#include "certcli/ids.h"
#include "common/apartment.h"

namespace lab {

namespace {

/** CERTSRV_E_PROPERTY_EMPTY: there is no certificate to be had. */
constexpr uint32_t kPropertyEmpty = 0x80094004;

constexpr LONG kFormats[] = {CR_IN_FORMATANY, CR_IN_PKCS10, CR_IN_KEYGEN, CR_IN_PKCS7, CR_IN_CMC};

bool IsIn(const LONG* begin, const LONG* end, LONG value) {
  return std::find(begin, end, value) != end;
}

/** Lines of NAME:VALUE. */
void RequireAttributes(BSTR attributes) {
  if (!attributes) return;
  RequireText(attributes);
  std::wstring rest(attributes, SysStringLen(attributes));
  while (!rest.empty()) {
    const std::wstring line = rest.substr(0, rest.find(L'\n'));
    const std::size_t colon = line.find(L':');
    RequireArgument(colon != std::wstring::npos && colon > 0 && colon + 1 < line.size());
    rest.erase(0, line.size() + 1);
  }
}

void RequireConfig(BSTR config) {
  RequireText(config);
  const std::wstring text(config, SysStringLen(config));
  const std::size_t slash = text.find(L'\\');
  RequireArgument(slash != std::wstring::npos && slash > 0 && slash + 1 < text.size());
}

}  // namespace

CertRequest::CertRequest() : DispatchObject(kRequest) {}

template <typename Ask>
HRESULT CertRequest::Answer(const char* call, Json::Object arguments, LONG* disposition, Ask ask) {
  arguments.emplace_back("apartment", Apartment());
  try {
    const Json plan = Announce(kCertcli, call, std::move(arguments), "answer");
    RequirePointer(disposition);
    const Json asked = ask();
    const Json* scripted = plan.IsNull() ? nullptr : plan.Find("answer");
    answer_ = scripted ? *scripted : ForwarderClient::Ask(call, asked.Members());
    if (const Json* failure = answer_.Find("result")) {
      throw StatusError(static_cast<uint32_t>(failure->Number()));
    }
    *disposition = static_cast<LONG>(answer_.At("disposition").Number());
    return S_OK;
  } catch (...) {
    return static_cast<HRESULT>(CodeOfCurrentException(kCertcli));
  }
}

HRESULT CertRequest::Submit(LONG flags, const BSTR request, const BSTR attributes,
                            const BSTR config, LONG* disposition) {
  const Json::Object arguments = {{"flags", static_cast<double>(flags)},
                                  {"request", Recorded(request)},
                                  {"attributes", Recorded(attributes)},
                                  {"config", Recorded(config)}};
  return Answer("Submit", arguments, disposition, [&]() -> Json {
    // Of the encodings the double knows this one.
    RequireArgument((flags & CR_IN_ENCODEMASK) == CR_IN_BASE64);
    RequireArgument(IsIn(std::begin(kFormats), std::end(kFormats), flags & CR_IN_FORMATMASK));
    RequireArgument((flags & ~(CR_IN_ENCODEMASK | CR_IN_FORMATMASK)) == 0);
    RequireText(request);
    RequireAttributes(attributes);
    RequireConfig(config);
    return Json::Object{{"request", Recorded(request)},
                        {"attributes", Recorded(attributes)},
                        {"config", Recorded(config)}};
  });
}

HRESULT CertRequest::RetrievePending(LONG requestId, const BSTR config, LONG* disposition) {
  const Json::Object arguments = {{"requestId", static_cast<double>(requestId)},
                                  {"config", Recorded(config)}};
  return Answer("RetrievePending", arguments, disposition, [&]() -> Json {
    RequireArgument(requestId > 0);
    RequireConfig(config);
    return arguments;
  });
}

const Json& CertRequest::Held() const {
  Require(!answer_.IsNull(), static_cast<uint32_t>(E_UNEXPECTED));
  return answer_;
}

HRESULT CertRequest::GetLastStatus(LONG* status) {
  return Method("GetLastStatus", {}, [&] {
    RequirePointer(status);
    *status = static_cast<LONG>(static_cast<uint32_t>(Held().At("status").Number()));
  });
}

HRESULT CertRequest::GetRequestId(LONG* requestId) {
  return Method("GetRequestId", {}, [&] {
    RequirePointer(requestId);
    *requestId = static_cast<LONG>(Held().At("requestId").Number());
  });
}

HRESULT CertRequest::GetDispositionMessage(BSTR* message) {
  return Received("GetDispositionMessage", {}, message, [this] { return Held().At("message"); });
}

HRESULT CertRequest::GetCACertificate(LONG, const BSTR, LONG, BSTR*) {
  return E_NOTIMPL;
}

HRESULT CertRequest::GetCertificate(LONG flags, BSTR* certificate) {
  const Json::Object arguments = {{"flags", static_cast<double>(flags)}};
  return Received("GetCertificate", arguments, certificate, [&] {
    RequireArgument((flags & ~CR_OUT_CHAIN) == CR_OUT_BASE64);
    const Json* text = Held().Find(flags & CR_OUT_CHAIN ? "chain" : "certificate");
    Require(text != nullptr, kPropertyEmpty);
    return *text;
  });
}

}  // namespace lab
