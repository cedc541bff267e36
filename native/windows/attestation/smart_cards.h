#pragma once

#include <objbase.h>
// After objbase.h, whose types they need.
#include <hstring.h>

#include <cstddef>
#include <type_traits>

#include "windows/winrt/runtime_interfaces.h"

/*
 * The interfaces of Windows.Devices.SmartCards and Windows.Devices.Enumeration, as far as they are
 * called. A class stands for its default interface.
 */
namespace vsc::winrt {

constexpr wchar_t kSmartCardReaderClass[] = L"Windows.Devices.SmartCards.SmartCardReader";
constexpr wchar_t kProvisioningClass[] = L"Windows.Devices.SmartCards.SmartCardProvisioning";
constexpr wchar_t kDeviceInformationClass[] = L"Windows.Devices.Enumeration.DeviceInformation";

constexpr IID kSmartCardReaderStatics = {
    0x103C04E1, 0xA1CA, 0x48F2, {0xA2, 0x81, 0x5B, 0x6F, 0x66, 0x9A, 0xF1, 0x07}};
constexpr IID kProvisioningStatics = {
    0x13882848, 0x0D13, 0x4E70, {0x97, 0x35, 0x51, 0xDA, 0xEC, 0xA5, 0x25, 0x4F}};
constexpr IID kProvisioning2 = {
    0x10FD28EB, 0x3F79, 0x4B66, {0x9B, 0x7C, 0x11, 0xC1, 0x49, 0xB7, 0xD0, 0xBC}};
constexpr IID kDeviceInformationStatics = {
    0xC17F100E, 0x3A46, 0x4A78, {0x80, 0x13, 0x76, 0x9D, 0xC9, 0xB9, 0x73, 0x90}};

/** ISmartCard and ISmartCardProvisioning: passed on only. */
struct SmartCard;
struct Provisioning;

struct DeviceInformation;
struct DeviceInformationStatics;
struct SmartCardReader;
struct SmartCardReaderStatics;
struct ProvisioningStatics;
struct Provisioning2;

using DeviceInformationView = VectorView<DeviceInformation>;
using SmartCardView = VectorView<SmartCard>;

struct DeviceInformationTable {
  InspectableTable<DeviceInformation> inspectable;
  HRESULT(STDMETHODCALLTYPE* get_Id)(DeviceInformation*, HSTRING* id);
};

/** IDeviceInformation. */
struct DeviceInformation {
  const DeviceInformationTable* table;
};

struct DeviceInformationStaticsTable {
  InspectableTable<DeviceInformationStatics> inspectable;
  /** CreateFromIdAsync, the same with more properties, FindAllAsync of all, of a device class. */
  void* never_called[4];
  HRESULT(STDMETHODCALLTYPE* FindAllAsyncAqsFilter)
  (DeviceInformationStatics*, HSTRING filter, AsyncOperation<DeviceInformationView*>** operation);
};

/** IDeviceInformationStatics. */
struct DeviceInformationStatics {
  const DeviceInformationStaticsTable* table;
};

struct SmartCardReaderTable {
  InspectableTable<SmartCardReader> inspectable;
  HRESULT(STDMETHODCALLTYPE* get_DeviceId)(SmartCardReader*, HSTRING* id);
  HRESULT(STDMETHODCALLTYPE* get_Name)(SmartCardReader*, HSTRING* name);
  /** get_Kind, GetStatusAsync. */
  void* never_called[2];
  HRESULT(STDMETHODCALLTYPE* FindAllCardsAsync)
  (SmartCardReader*, AsyncOperation<SmartCardView*>** operation);
};

/** ISmartCardReader. */
struct SmartCardReader {
  const SmartCardReaderTable* table;
};

struct SmartCardReaderStaticsTable {
  InspectableTable<SmartCardReaderStatics> inspectable;
  HRESULT(STDMETHODCALLTYPE* GetDeviceSelector)(SmartCardReaderStatics*, HSTRING* selector);
  /** GetDeviceSelectorWithKind. */
  void* never_called;
  HRESULT(STDMETHODCALLTYPE* FromIdAsync)
  (SmartCardReaderStatics*, HSTRING id, AsyncOperation<SmartCardReader*>** operation);
};

/** ISmartCardReaderStatics. */
struct SmartCardReaderStatics {
  const SmartCardReaderStaticsTable* table;
};

struct ProvisioningStaticsTable {
  InspectableTable<ProvisioningStatics> inspectable;
  HRESULT(STDMETHODCALLTYPE* FromSmartCardAsync)
  (ProvisioningStatics*, SmartCard* card, AsyncOperation<Provisioning*>** operation);
};

/** ISmartCardProvisioningStatics. */
struct ProvisioningStatics {
  const ProvisioningStaticsTable* table;
};

struct Provisioning2Table {
  InspectableTable<Provisioning2> inspectable;
  HRESULT(STDMETHODCALLTYPE* GetAuthorityKeyContainerNameAsync)
  (Provisioning2*, AsyncOperation<HSTRING>** operation);
};

/** ISmartCardProvisioning2. */
struct Provisioning2 {
  const Provisioning2Table* table;
};

static_assert(offsetof(DeviceInformationTable, get_Id) == 6 * kSlot);
static_assert(offsetof(DeviceInformationStaticsTable, FindAllAsyncAqsFilter) == 10 * kSlot);
static_assert(offsetof(SmartCardReaderTable, get_Name) == 7 * kSlot);
static_assert(offsetof(SmartCardReaderTable, FindAllCardsAsync) == 10 * kSlot);
static_assert(offsetof(SmartCardReaderStaticsTable, GetDeviceSelector) == 6 * kSlot);
static_assert(offsetof(SmartCardReaderStaticsTable, FromIdAsync) == 8 * kSlot);
static_assert(offsetof(ProvisioningStaticsTable, FromSmartCardAsync) == 6 * kSlot);
static_assert(offsetof(Provisioning2Table, GetAuthorityKeyContainerNameAsync) == 6 * kSlot);
static_assert(sizeof(SmartCardReader) == kSlot && sizeof(Provisioning2) == kSlot);

}  // namespace vsc::winrt
