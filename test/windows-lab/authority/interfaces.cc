// Compiled, not run: our declaration of the interfaces against MinGW's, which is nobody's copy of
// ours.
#define CINTERFACE
#include <certcli.h>
#include <windows.h>

#include <cstddef>
#include <type_traits>

#include "windows/certrequest/certcli.h"

namespace {

/** A function without its object, whose type is not the same in both. */
template <typename Function>
struct Arguments;
template <typename Self, typename... Rest>
struct Arguments<HRESULT(STDMETHODCALLTYPE*)(Self*, Rest...)> {
  using Type = HRESULT(STDMETHODCALLTYPE*)(Rest...);
};

#define SAME(OURS, THEIRS, MEMBER)                                                          \
  static_assert(offsetof(vsc::certcli::OURS, MEMBER) == offsetof(THEIRS, MEMBER), #MEMBER); \
  static_assert(std::is_same_v<Arguments<decltype(vsc::certcli::OURS::MEMBER)>::Type,       \
                               Arguments<decltype(THEIRS::MEMBER)>::Type>,                  \
                #MEMBER)

SAME(RequestTable, ICertRequestVtbl, Submit);
SAME(RequestTable, ICertRequestVtbl, RetrievePending);
SAME(RequestTable, ICertRequestVtbl, GetLastStatus);
SAME(RequestTable, ICertRequestVtbl, GetRequestId);
SAME(RequestTable, ICertRequestVtbl, GetDispositionMessage);
SAME(RequestTable, ICertRequestVtbl, GetCACertificate);
SAME(RequestTable, ICertRequestVtbl, GetCertificate);
SAME(ConfigTable, ICertConfigVtbl, Reset);
SAME(ConfigTable, ICertConfigVtbl, Next);
SAME(ConfigTable, ICertConfigVtbl, GetField);
SAME(ConfigTable, ICertConfigVtbl, GetConfig);

static_assert(sizeof(vsc::certcli::RequestTable) == sizeof(ICertRequestVtbl));
static_assert(sizeof(vsc::certcli::ConfigTable) == sizeof(ICertConfigVtbl));
static_assert(vsc::certcli::kDefaultConfig == CC_DEFAULTCONFIG);
static_assert(vsc::certcli::kInBase64 == CR_IN_BASE64);
static_assert(vsc::certcli::kOutBase64 == CR_OUT_BASE64);
static_assert(vsc::certcli::kOutChain == CR_OUT_CHAIN);
static_assert(vsc::certcli::kDispositionError == CR_DISP_ERROR);
static_assert(vsc::certcli::kDispositionIssued == CR_DISP_ISSUED);

}  // namespace
