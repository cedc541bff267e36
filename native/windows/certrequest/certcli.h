#pragma once

#include <objbase.h>
#include <oleauto.h>

#include <cstddef>
#include <type_traits>

#include "windows/system/interface_table.h"

/*
 * The interfaces of Windows' client of certification authorities (certcli.dll), as far as they are
 * called, as tables of functions, so that the compiler checks where each function is. Whatever is
 * handed over as a BSTR may be read only; whatever is received is the caller's to free.
 */
namespace vsc::certcli {

constexpr CLSID kRequestClass = {
    0x98AFF3F0, 0x5524, 0x11D0, {0x88, 0x12, 0x00, 0xA0, 0xC9, 0x03, 0xB8, 0x3C}};
constexpr IID kRequest = {
    0x014E4840, 0x5523, 0x11D0, {0x88, 0x12, 0x00, 0xA0, 0xC9, 0x03, 0xB8, 0x3C}};
constexpr CLSID kConfigClass = {
    0x372FCE38, 0x4324, 0x11D0, {0x88, 0x10, 0x00, 0xA0, 0xC9, 0x03, 0xB8, 0x3C}};
constexpr IID kConfig = {
    0x372FCE34, 0x4324, 0x11D0, {0x88, 0x10, 0x00, 0xA0, 0xC9, 0x03, 0xB8, 0x3C}};

/** CC_DEFAULTCONFIG: the authority that is the default, without asking the user. */
constexpr LONG kDefaultConfig = 0;

/** CR_IN_BASE64: the request is base64 without lines before and after. */
constexpr LONG kInBase64 = 0x1;
/** CR_OUT_BASE64 and CR_OUT_CHAIN: the certificate so; and all above it in a PKCS #7. */
constexpr LONG kOutBase64 = 0x1;
constexpr LONG kOutChain = 0x100;

/** CR_DISP_…: what became of a request. */
constexpr LONG kDispositionError = 1;
constexpr LONG kDispositionIssued = 3;

struct Request;
struct Config;

struct RequestTable {
  DispatchTable<Request> dispatch;
  HRESULT(STDMETHODCALLTYPE* Submit)
  (Request*, LONG flags, BSTR request, BSTR attributes, BSTR config, LONG* disposition);
  HRESULT(STDMETHODCALLTYPE* RetrievePending)
  (Request*, LONG request_id, BSTR config, LONG* disposition);
  HRESULT(STDMETHODCALLTYPE* GetLastStatus)(Request*, LONG* status);
  HRESULT(STDMETHODCALLTYPE* GetRequestId)(Request*, LONG* request_id);
  HRESULT(STDMETHODCALLTYPE* GetDispositionMessage)(Request*, BSTR* message);
  HRESULT(STDMETHODCALLTYPE* GetCACertificate)
  (Request*, LONG exchange, BSTR config, LONG flags, BSTR* certificate);
  HRESULT(STDMETHODCALLTYPE* GetCertificate)(Request*, LONG flags, BSTR* certificate);
};

/** ICertRequest: one request to an authority, and what it answered. */
struct Request {
  const RequestTable* table;
};

struct ConfigTable {
  DispatchTable<Config> dispatch;
  HRESULT(STDMETHODCALLTYPE* Reset)(Config*, LONG index, LONG* count);
  HRESULT(STDMETHODCALLTYPE* Next)(Config*, LONG* index);
  HRESULT(STDMETHODCALLTYPE* GetField)(Config*, BSTR name, BSTR* value);
  HRESULT(STDMETHODCALLTYPE* GetConfig)(Config*, LONG flags, BSTR* config);
};

/** ICertConfig: the authorities that the machine knows. */
struct Config {
  const ConfigTable* table;
};

static_assert(std::is_standard_layout_v<Request> && sizeof(Request) == kSlot);
static_assert(std::is_standard_layout_v<Config> && sizeof(Config) == kSlot);
static_assert(sizeof(RequestTable) == 14 * kSlot && sizeof(ConfigTable) == 11 * kSlot);
static_assert(offsetof(RequestTable, Submit) == 7 * kSlot);
static_assert(offsetof(RequestTable, RetrievePending) == 8 * kSlot);
static_assert(offsetof(RequestTable, GetLastStatus) == 9 * kSlot);
static_assert(offsetof(RequestTable, GetRequestId) == 10 * kSlot);
static_assert(offsetof(RequestTable, GetDispositionMessage) == 11 * kSlot);
static_assert(offsetof(RequestTable, GetCACertificate) == 12 * kSlot);
static_assert(offsetof(RequestTable, GetCertificate) == 13 * kSlot);
static_assert(offsetof(ConfigTable, GetConfig) == 10 * kSlot);
static_assert(std::is_same_v<decltype(RequestTable::Submit),
                             HRESULT(STDMETHODCALLTYPE*)(Request*, LONG, BSTR, BSTR, BSTR, LONG*)>);
static_assert(std::is_same_v<decltype(RequestTable::GetCertificate),
                             HRESULT(STDMETHODCALLTYPE*)(Request*, LONG, BSTR*)>);
static_assert(sizeof(LONG) == 4 && sizeof(OLECHAR) == 2);

}  // namespace vsc::certcli
