#pragma once

#include <windows.h>

#include <asyncinfo.h>
#include <hstring.h>
#include <inspectable.h>

// Typed from Microsoft's public metadata of the Windows Runtime, as its language projections show
// it: each interface with all that comes before the last function that the double has. IInspectable
// and IAsyncInfo are MinGW's.
namespace lab {

constexpr GUID kReaderStatics = {
    0x103c04e1, 0xa1ca, 0x48f2, {0xa2, 0x81, 0x5b, 0x6f, 0x66, 0x9a, 0xf1, 0x07}};
constexpr GUID kReader = {
    0x1074b4e0, 0x54c2, 0x4df0, {0x81, 0x7a, 0x14, 0xc1, 0x43, 0x78, 0xf0, 0x6c}};
constexpr GUID kProvisioningStatics = {
    0x13882848, 0x0d13, 0x4e70, {0x97, 0x35, 0x51, 0xda, 0xec, 0xa5, 0x25, 0x4f}};
constexpr GUID kProvisioning = {
    0x19eeedbd, 0x1fab, 0x477c, {0xb7, 0x12, 0x1a, 0x2c, 0x5a, 0xf1, 0xfd, 0x6e}};
constexpr GUID kProvisioning2 = {
    0x10fd28eb, 0x3f79, 0x4b66, {0x9b, 0x7c, 0x11, 0xc1, 0x49, 0xb7, 0xd0, 0xbc}};
constexpr GUID kDeviceInformationStatics = {
    0xc17f100e, 0x3a46, 0x4a78, {0x80, 0x13, 0x76, 0x9d, 0xc9, 0xb9, 0x73, 0x90}};
constexpr GUID kDeviceInformation = {
    0xaba0fb95, 0x4398, 0x489d, {0x8e, 0x44, 0xe6, 0x13, 0x09, 0x27, 0x01, 0x1f}};

template <typename Result>
struct IAsyncOperation : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE put_Completed(IUnknown* handler) = 0;
  virtual HRESULT STDMETHODCALLTYPE get_Completed(IUnknown** handler) = 0;
  virtual HRESULT STDMETHODCALLTYPE GetResults(Result* result) = 0;
};

template <typename Item>
struct IVectorView : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE GetAt(UINT32 index, Item** item) = 0;
  virtual HRESULT STDMETHODCALLTYPE get_Size(UINT32* size) = 0;
  virtual HRESULT STDMETHODCALLTYPE IndexOf(Item* item, UINT32* index, boolean* found) = 0;
  virtual HRESULT STDMETHODCALLTYPE GetMany(UINT32 start, UINT32 capacity, Item** items,
                                            UINT32* count) = 0;
};

struct IDeviceInformation : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE get_Id(HSTRING* id) = 0;
};

using DeviceView = IVectorView<IDeviceInformation>;

struct IDeviceInformationStatics : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE CreateFromIdAsync(HSTRING id, IUnknown** operation) = 0;
  virtual HRESULT STDMETHODCALLTYPE CreateFromIdAsyncAdditionalProperties(HSTRING id,
                                                                          IUnknown* properties,
                                                                          IUnknown** operation) = 0;
  virtual HRESULT STDMETHODCALLTYPE FindAllAsync(IUnknown** operation) = 0;
  virtual HRESULT STDMETHODCALLTYPE FindAllAsyncDeviceClass(INT32 deviceClass,
                                                            IUnknown** operation) = 0;
  virtual HRESULT STDMETHODCALLTYPE
  FindAllAsyncAqsFilter(HSTRING filter, IAsyncOperation<DeviceView*>** operation) = 0;
};

/** ISmartCard and ISmartCardProvisioning: nobody calls what they have. */
struct ISmartCard : IInspectable {};
struct IProvisioning : IInspectable {};

using CardView = IVectorView<ISmartCard>;

struct ISmartCardReader : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE get_DeviceId(HSTRING* id) = 0;
  virtual HRESULT STDMETHODCALLTYPE get_Name(HSTRING* name) = 0;
  virtual HRESULT STDMETHODCALLTYPE get_Kind(INT32* kind) = 0;
  virtual HRESULT STDMETHODCALLTYPE GetStatusAsync(IUnknown** operation) = 0;
  virtual HRESULT STDMETHODCALLTYPE FindAllCardsAsync(IAsyncOperation<CardView*>** operation) = 0;
};

struct ISmartCardReaderStatics : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE GetDeviceSelector(HSTRING* selector) = 0;
  virtual HRESULT STDMETHODCALLTYPE GetDeviceSelectorWithKind(INT32 kind, HSTRING* selector) = 0;
  virtual HRESULT STDMETHODCALLTYPE FromIdAsync(HSTRING id,
                                                IAsyncOperation<ISmartCardReader*>** operation) = 0;
};

struct IProvisioningStatics : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE
  FromSmartCardAsync(ISmartCard* card, IAsyncOperation<IProvisioning*>** operation) = 0;
};

struct IProvisioning2 : IInspectable {
  virtual HRESULT STDMETHODCALLTYPE
  GetAuthorityKeyContainerNameAsync(IAsyncOperation<HSTRING>** operation) = 0;
};

}  // namespace lab
