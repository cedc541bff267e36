// Asks the authority behind the certcli double, and does what a careless program does.

#include <windows.h>

#include <certcli.h>

#include "certcli/ids.h"
#include "selftest/check.h"

using namespace lab;

namespace {

constexpr LONG kFlags = CR_IN_BASE64 | CR_IN_PKCS10;
constexpr uint32_t kPropertyEmpty = 0x80094004;
constexpr uint32_t kServerUnavailable = 0x800706BA;
/** CRYPT_E_ASN1_BADTAG. */
constexpr uint32_t kBadTag = 0x8009310B;

BSTR NewText(const wchar_t* text) {
  return SysAllocString(text);
}

template <typename Interface>
Interface* Create(const GUID& classId, const GUID& id) {
  Interface* object = nullptr;
  EQUAL(CoCreateInstance(classId, nullptr, CLSCTX_INPROC_SERVER, id,
                         reinterpret_cast<void**>(&object)),
        S_OK);
  return object;
}

BSTR DefaultConfig() {
  ICertConfig* const list = Create<ICertConfig>(kConfigClass, kConfig);
  BSTR config = nullptr;
  EQUAL(list->GetConfig(CC_UIPICKCONFIG, &config), E_INVALIDARG);
  EQUAL(list->GetConfig(CC_DEFAULTCONFIG, nullptr), E_POINTER);
  EQUAL(list->GetConfig(CC_DEFAULTCONFIG, &config), S_OK);
  // What is there already would be lost.
  EQUAL(list->GetConfig(CC_DEFAULTCONFIG, &config), E_INVALIDARG);
  EQUAL(list->Release(), 0);
  return config;
}

void TryWrongArguments(ICertRequest* request, BSTR text, BSTR config) {
  LONG disposition = 77;
  const auto submit = [&](LONG flags, BSTR body, BSTR attributes, BSTR authority) {
    return request->Submit(flags, body, attributes, authority, &disposition);
  };
  EQUAL(request->Submit(kFlags, text, nullptr, config, nullptr), E_POINTER);
  for (const LONG flags : {kFlags | CR_IN_BINARY, kFlags | 0x400 | 0x200, kFlags | 0x10000}) {
    EQUAL(submit(flags, text, nullptr, config), E_INVALIDARG);
  }
  BSTR const empty = NewText(L"");
  BSTR const odd = SysAllocStringByteLen("abc", 3);
  BSTR const withNul = SysAllocStringLen(L"a\0b", 3);
  for (const BSTR wrong : {static_cast<BSTR>(nullptr), empty, odd, withNul}) {
    EQUAL(submit(kFlags, wrong, nullptr, config), E_INVALIDARG);
    EQUAL(submit(kFlags, text, nullptr, wrong), E_INVALIDARG);
    if (wrong) EQUAL(submit(kFlags, text, wrong, config), E_INVALIDARG);
  }
  for (const wchar_t* const wrong :
       {L"Template", L":Value", L"Name:", L"Name:Value\n\nName:Value"}) {
    BSTR const attributes = NewText(wrong);
    EQUAL(submit(kFlags, text, attributes, config), E_INVALIDARG);
    SysFreeString(attributes);
  }
  BSTR const noName = NewText(L"machine\\");
  EQUAL(submit(kFlags, text, nullptr, noName), E_INVALIDARG);
  EQUAL(request->RetrievePending(0, config, &disposition), E_INVALIDARG);
  EQUAL(disposition, 77);
  for (const BSTR each : {empty, odd, withNul, noName}) SysFreeString(each);
}

void TryBeforeAnswer(ICertRequest* request) {
  LONG number = 0;
  BSTR text = nullptr;
  EQUAL(request->GetRequestId(&number), E_UNEXPECTED);
  EQUAL(request->GetLastStatus(&number), E_UNEXPECTED);
  EQUAL(request->GetDispositionMessage(&text), E_UNEXPECTED);
  EQUAL(request->GetCertificate(CR_OUT_BASE64, &text), E_UNEXPECTED);
}

}  // namespace

int main() {
  EQUAL(CoInitializeEx(nullptr, COINIT_MULTITHREADED), S_OK);
  BSTR const config = DefaultConfig();
  TRUE_THAT(config && SysStringLen(config) > 0);
  ICertRequest* const request = Create<ICertRequest>(kRequestClass, kRequest);
  TryBeforeAnswer(request);
  BSTR const text = NewText(L"MAA=");
  TryWrongArguments(request, text, config);

  LONG disposition = 0;
  LONG number = 0;
  BSTR received = nullptr;
  BSTR const attributes = NewText(L"CertificateTemplate:SmartcardLogon");
  EQUAL(request->Submit(kFlags, text, attributes, config, &disposition), S_OK);
  EQUAL(disposition, CR_DISP_ERROR);
  EQUAL(request->GetRequestId(&number), S_OK);
  EQUAL(number, 1);
  EQUAL(request->GetLastStatus(&number), S_OK);
  EQUAL(number, kBadTag);
  EQUAL(request->GetCertificate(CR_OUT_BASE64, &received), kPropertyEmpty);
  EQUAL(request->GetCertificate(CR_OUT_BINARY, &received), E_INVALIDARG);
  EQUAL(request->GetDispositionMessage(nullptr), E_POINTER);
  EQUAL(request->GetDispositionMessage(&received), S_OK);
  TRUE_THAT(received && SysStringLen(received) > 0);
  EQUAL(request->GetDispositionMessage(&received), E_INVALIDARG);
  BSTR const elsewhere = NewText(L"elsewhere\\CA");
  EQUAL(request->RetrievePending(1, elsewhere, &disposition), kServerUnavailable);

  for (const BSTR each : {config, text, attributes, received, elsewhere}) SysFreeString(each);
  EQUAL(request->Release(), 0);
  CoUninitialize();
  return Finish();
}
