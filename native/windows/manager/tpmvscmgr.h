#pragma once

#include <objbase.h>
#include <unknwn.h>

#include <cstddef>
#include <type_traits>

#include "windows/system/interface_table.h"

/*
 * The interfaces of TPM virtual smart card management ([MS-TPMVSC], sections 3.1 to 3.4), as tables
 * of functions, so that the compiler checks where each function is. Not every compiler has a header
 * of them. Windows 8 brought Manager, 8.1 Manager2 and 10 Manager3.
 */
namespace vsc::tpmvsc {

constexpr CLSID kManagerClass = {
    0x16A18E86, 0x7F6E, 0x4C20, {0xAD, 0x89, 0x4F, 0xFC, 0x0D, 0xB7, 0xA9, 0x6A}};
constexpr CLSID kRemoteManagerClass = {
    0x152EA2A8, 0x70DC, 0x4C59, {0x8B, 0x2A, 0x32, 0xAA, 0x3C, 0xA0, 0xDC, 0xAC}};
constexpr IID kStatusCallback = {
    0x1A1BB35F, 0xABB8, 0x451C, {0xA1, 0xAE, 0x33, 0xD9, 0x8F, 0x1B, 0xEF, 0x4A}};
constexpr IID kManager = {
    0x112B1DFF, 0xD9DC, 0x41F7, {0x86, 0x9F, 0xD6, 0x7F, 0xEE, 0x7C, 0xB5, 0x91}};
constexpr IID kManager2 = {
    0xFDF8A2B9, 0x02DE, 0x47F4, {0xBC, 0x26, 0xAA, 0x85, 0xAB, 0x5E, 0x52, 0x67}};
constexpr IID kManager3 = {
    0x3C745A97, 0xF375, 0x4150, {0xBE, 0x17, 0x59, 0x50, 0xF6, 0x94, 0xC6, 0x99}};

/** TPMVSC_DEFAULT_ADMIN_ALGORITHM_ID: three-key triple DES, CBC, ISO/IEC 9797 padding method 2. */
constexpr BYTE kAdminAlgorithm = 0x82;

struct StatusCallback;
struct Manager;

struct StatusCallbackTable {
  UnknownTable<StatusCallback> unknown;
  HRESULT(STDMETHODCALLTYPE* ReportProgress)(StatusCallback*, UINT32 status);
  HRESULT(STDMETHODCALLTYPE* ReportError)(StatusCallback*, UINT32 error);
};

/** ITpmVirtualSmartCardManagerStatusCallback. */
struct StatusCallback {
  const StatusCallbackTable* table;
};

/** All functions of Manager3, which begin with those of Manager2, which begin with those of
 * Manager. */
struct ManagerTable {
  UnknownTable<Manager> unknown;
  HRESULT(STDMETHODCALLTYPE* CreateVirtualSmartCard)
  (Manager*, LPCWSTR friendly_name, BYTE admin_algorithm, const BYTE* admin_key,
   DWORD admin_key_size, const BYTE* admin_kcv, DWORD admin_kcv_size, const BYTE* puk,
   DWORD puk_size, const BYTE* pin, DWORD pin_size, BOOL generate, StatusCallback* callback,
   LPWSTR* instance_id, BOOL* need_reboot);
  HRESULT(STDMETHODCALLTYPE* DestroyVirtualSmartCard)
  (Manager*, LPCWSTR instance_id, StatusCallback* callback, BOOL* need_reboot);
  /** Manager2. */
  HRESULT(STDMETHODCALLTYPE* CreateVirtualSmartCardWithPinPolicy)
  (Manager*, LPCWSTR friendly_name, BYTE admin_algorithm, const BYTE* admin_key,
   DWORD admin_key_size, const BYTE* admin_kcv, DWORD admin_kcv_size, const BYTE* puk,
   DWORD puk_size, const BYTE* pin, DWORD pin_size, const BYTE* pin_policy, DWORD pin_policy_size,
   BOOL generate, StatusCallback* callback, LPWSTR* instance_id, BOOL* need_reboot);
  /** Manager3. It has no word about a restart. */
  HRESULT(STDMETHODCALLTYPE* CreateVirtualSmartCardWithAttestation)
  (Manager*, LPCWSTR friendly_name, BYTE admin_algorithm, const BYTE* admin_key,
   DWORD admin_key_size, const BYTE* admin_kcv, DWORD admin_kcv_size, const BYTE* puk,
   DWORD puk_size, const BYTE* pin, DWORD pin_size, const BYTE* pin_policy, DWORD pin_policy_size,
   UINT32 attestation, BOOL generate, StatusCallback* callback, LPWSTR* instance_id);
};

/** ITpmVirtualSmartCardManager, 2 or 3: which functions may be called is what was asked for. */
struct Manager {
  const ManagerTable* table;
};

static_assert(sizeof(void*) == 8, "Virtual smart cards are managed by 64-bit programs only");
static_assert(std::is_standard_layout_v<StatusCallback> && sizeof(StatusCallback) == kSlot);
static_assert(std::is_standard_layout_v<Manager> && sizeof(Manager) == kSlot);
static_assert(sizeof(StatusCallbackTable) == 5 * kSlot && sizeof(ManagerTable) == 7 * kSlot);
static_assert(offsetof(StatusCallbackTable, ReportProgress) == 24);
static_assert(offsetof(StatusCallbackTable, ReportError) == 32);
static_assert(offsetof(ManagerTable, CreateVirtualSmartCard) == 24);
static_assert(offsetof(ManagerTable, DestroyVirtualSmartCard) == 32);
static_assert(offsetof(ManagerTable, CreateVirtualSmartCardWithPinPolicy) == 40);
static_assert(offsetof(ManagerTable, CreateVirtualSmartCardWithAttestation) == 48);
static_assert(std::is_same_v<decltype(StatusCallbackTable::ReportProgress),
                             HRESULT(STDMETHODCALLTYPE*)(StatusCallback*, UINT32)>);
static_assert(
    std::is_same_v<decltype(ManagerTable::DestroyVirtualSmartCard),
                   HRESULT(STDMETHODCALLTYPE*)(Manager*, LPCWSTR, StatusCallback*, BOOL*)>);
static_assert(sizeof(BOOL) == 4 && sizeof(DWORD) == 4 && sizeof(WCHAR) == 2 && sizeof(GUID) == 16);

}  // namespace vsc::tpmvsc
