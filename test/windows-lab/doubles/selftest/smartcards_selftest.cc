// Starts the double of the Windows Runtime's smart card classes as a program does, and does what a
// careless one does.

#include <windows.h>

#include <objbase.h>

#include "selftest/check.h"
#include "smartcards/interfaces.h"

using namespace lab;

namespace {

constexpr uint32_t kIllegalMethodCall = 0x8000000E;
constexpr uint32_t kOutOfBounds = 0x8000000B;

template <typename Function>
Function* Combase(const char* name) {
  static const HMODULE module = LoadLibraryW(L"combase.dll");
  return reinterpret_cast<Function*>(reinterpret_cast<void (*)()>(GetProcAddress(module, name)));
}

HSTRING NewString(const std::wstring& text) {
  HSTRING string = nullptr;
  EQUAL(Combase<HRESULT WINAPI(const wchar_t*, UINT32, HSTRING*)>("WindowsCreateString")(
            text.data(), static_cast<UINT32>(text.size()), &string),
        S_OK);
  return string;
}

template <typename Statics>
Statics* Activate(const wchar_t* name, REFIID id) {
  Statics* statics = nullptr;
  EQUAL(Combase<HRESULT WINAPI(HSTRING, REFIID, void**)>("RoGetActivationFactory")(
            NewString(name), id, reinterpret_cast<void**>(&statics)),
        S_OK);
  return statics;
}

/** Looks until it has completed, and takes the result; before it has, there is none. */
template <typename Result>
Result Await(IAsyncOperation<Result>* operation) {
  Result result = nullptr;
  IAsyncInfo* info = nullptr;
  EQUAL(operation->QueryInterface(__uuidof(IAsyncInfo), reinterpret_cast<void**>(&info)), S_OK);
  EQUAL(operation->GetResults(&result), kIllegalMethodCall);
  EQUAL(info->Close(), kIllegalMethodCall);
  AsyncStatus status = Started;
  EQUAL(info->get_Status(nullptr), E_POINTER);
  for (int look = 0; look < 10 && status == Started; ++look) EQUAL(info->get_Status(&status), S_OK);
  EQUAL(status, Completed);
  EQUAL(operation->GetResults(nullptr), E_POINTER);
  EQUAL(operation->GetResults(&result), S_OK);
  // What is there already would be lost.
  if (result) EQUAL(operation->GetResults(&result), E_INVALIDARG);
  info->Release();
  EQUAL(operation->Release(), 0);
  return result;
}

DeviceView* ListDevices(ISmartCardReaderStatics* readers) {
  auto* const devices = Activate<IDeviceInformationStatics>(
      L"Windows.Devices.Enumeration.DeviceInformation", kDeviceInformationStatics);
  HSTRING selector = nullptr;
  EQUAL(readers->GetDeviceSelector(nullptr), E_POINTER);
  EQUAL(readers->GetDeviceSelector(&selector), S_OK);
  EQUAL(readers->GetDeviceSelector(&selector), E_INVALIDARG);
  IAsyncOperation<DeviceView*>* operation = nullptr;
  EQUAL(devices->FindAllAsyncAqsFilter(selector, nullptr), E_POINTER);
  EQUAL(devices->FindAllAsyncAqsFilter(nullptr, &operation), E_INVALIDARG);
  EQUAL(devices->FindAllAsyncAqsFilter(NewString(L"another"), &operation), E_INVALIDARG);
  EQUAL(devices->FindAllAsyncAqsFilter(selector, &operation), S_OK);
  return Await(operation);
}

ISmartCardReader* OpenFirst(ISmartCardReaderStatics* readers, DeviceView* devices) {
  UINT32 size = 0;
  IDeviceInformation* device = nullptr;
  EQUAL(devices->get_Size(nullptr), E_POINTER);
  EQUAL(devices->get_Size(&size), S_OK);
  EQUAL(size, 1);
  EQUAL(devices->GetAt(size, &device), kOutOfBounds);
  EQUAL(devices->GetAt(0, nullptr), E_POINTER);
  EQUAL(devices->GetAt(0, &device), S_OK);
  HSTRING id = nullptr;
  EQUAL(device->get_Id(&id), S_OK);
  EQUAL(device->Release(), 1);
  IAsyncOperation<ISmartCardReader*>* operation = nullptr;
  EQUAL(readers->FromIdAsync(NewString(L"Reader"), &operation), E_INVALIDARG);
  EQUAL(readers->FromIdAsync(nullptr, &operation), E_INVALIDARG);
  EQUAL(readers->FromIdAsync(id, &operation), S_OK);
  return Await(operation);
}

}  // namespace

int main() {
  EQUAL(CoInitializeEx(nullptr, COINIT_MULTITHREADED), S_OK);
  auto* const readers = Activate<ISmartCardReaderStatics>(
      L"Windows.Devices.SmartCards.SmartCardReader", kReaderStatics);
  DeviceView* const devices = ListDevices(readers);
  ISmartCardReader* const reader = OpenFirst(readers, devices);
  EQUAL(devices->Release(), 0);
  IAsyncOperation<CardView*>* finding = nullptr;
  EQUAL(reader->FindAllCardsAsync(&finding), S_OK);
  CardView* const cards = Await(finding);
  EQUAL(reader->Release(), 0);
  ISmartCard* card = nullptr;
  EQUAL(cards->GetAt(0, &card), S_OK);
  EQUAL(cards->Release(), 0);

  auto* const provisioning = Activate<IProvisioningStatics>(
      L"Windows.Devices.SmartCards.SmartCardProvisioning", kProvisioningStatics);
  IAsyncOperation<IProvisioning*>* opening = nullptr;
  EQUAL(provisioning->FromSmartCardAsync(nullptr, &opening), E_INVALIDARG);
  EQUAL(provisioning->FromSmartCardAsync(card, &opening), S_OK);
  IProvisioning* const opened = Await(opening);
  EQUAL(card->Release(), 0);
  IProvisioning2* named = nullptr;
  EQUAL(opened->QueryInterface(kProvisioning2, reinterpret_cast<void**>(&named)), S_OK);
  EQUAL(opened->Release(), 1);
  IAsyncOperation<HSTRING>* naming = nullptr;
  EQUAL(named->GetAuthorityKeyContainerNameAsync(&naming), S_OK);
  TRUE_THAT(Await(naming) == nullptr);
  EQUAL(named->Release(), 0);
  return Finish();
}
