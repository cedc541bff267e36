#pragma once

#include <windows.h>

#include <oleauto.h>

#include "certcli/component.h"
#include "common/json.h"

namespace lab {

/** For the record: null for NULL, else the whole text by the length that the BSTR itself knows. */
Json Recorded(BSTR text);

/** A text that is there, not empty, and ends where the BSTR does: a plain wide string is not taken
 * for one. Fails with E_INVALIDARG. */
void RequireText(BSTR text);

/** Where a BSTR is received: the caller has set it to NULL before, as the documentation says. */
void RequireReceiver(BSTR* receiver);

/** A new BSTR of a JSON string; NULL for null. */
BSTR NewText(const Json& text);

/** The frame of a method that hands a text out: `text` brings it; NULL when a test says so. */
template <typename Text>
HRESULT Received(const char* call, Json::Object arguments, BSTR* receiver, Text text) {
  try {
    const Json plan = Announce(kCertcli, call, std::move(arguments), "nullText");
    RequireReceiver(receiver);
    const Json value = text();
    if (plan.IsNull() || !plan.Find("nullText")) *receiver = NewText(value);
    return S_OK;
  } catch (...) {
    return static_cast<HRESULT>(CodeOfCurrentException(kCertcli));
  }
}

}  // namespace lab
