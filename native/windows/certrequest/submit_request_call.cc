#include "windows/certrequest/submit_request_call.h"

#include "windows/certrequest/automation_string.h"

namespace vsc {

HRESULT SubmitRequestCall::Ask(certcli::Request* request, BSTR config, LONG* disposition) {
  const AutomationString text = ToAutomationString(text_);
  const AutomationString attributes = ToAutomationString(attributes_);
  return request->table->Submit(request, certcli::kInBase64 | format_, text.get(), attributes.get(),
                                config, disposition);
}

void SubmitRequestCall::TakeBack(CallLine& line) noexcept {
  try {
    line.Send({"lateRequest", static_cast<std::uint32_t>(request_id()), {}});
  } catch (const std::exception&) {
    // Without the memory for a message there is nobody to tell.
    return;
  }
}

}  // namespace vsc
