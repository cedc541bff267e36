#include "certcli/automation.h"

#include <cwchar>

#include "common/text.h"

namespace lab {

Json Recorded(BSTR text) {
  if (!text) return nullptr;
  return Utf8(std::wstring(text, SysStringLen(text)));
}

void RequireText(BSTR text) {
  RequireArgument(text != nullptr);
  const UINT length = SysStringLen(text);
  RequireArgument(length > 0 && SysStringByteLen(text) == length * sizeof(OLECHAR));
  RequireArgument(wcsnlen(text, length + 1) == length);
}

void RequireReceiver(BSTR* receiver) {
  RequirePointer(receiver);
  RequireArgument(*receiver == nullptr);
}

BSTR NewText(const Json& text) {
  if (text.IsNull()) return nullptr;
  const std::wstring wide = Wide(text.String());
  return SysAllocStringLen(wide.data(), static_cast<UINT>(wide.size()));
}

}  // namespace lab
