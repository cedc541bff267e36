#include "windows/certrequest/automation_string.h"

#include "windows/system/hresult_error.h"

namespace vsc {

AutomationString ToAutomationString(const std::wstring& text) {
  if (text.empty()) return AutomationString();
  AutomationString copy(SysAllocStringLen(text.data(), static_cast<UINT>(text.size())));
  if (!copy) throw HresultError(E_OUTOFMEMORY, "copy a text for Windows");
  return copy;
}

std::wstring TextOf(const AutomationString& text) {
  return text ? std::wstring(text.get(), SysStringLen(text.get())) : std::wstring();
}

}  // namespace vsc
