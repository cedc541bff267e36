#include "windows/winscard/list_devices_call.h"

#include <windows.h>
// After windows.h, whose types it needs.
#include <setupapi.h>

#include "node/unique_handle.h"
#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

/** GUID_DEVCLASS_SMARTCARDREADER, the set-up class of smart card readers. */
constexpr GUID kReaderClass = {
    0x50DD5230, 0xBA8A, 0x11D1, {0xBF, 0x5D, 0x00, 0x00, 0xF8, 0x05, 0xF5, 0x30}};

/** MAX_DEVICE_ID_LEN. */
constexpr DWORD kLongestId = 200;

struct DeviceSetTraits {
  using Type = HDEVINFO;
  static Type None() { return INVALID_HANDLE_VALUE; }
  static void Close(Type set) noexcept { SetupDiDestroyDeviceInfoList(set); }
};
using DeviceSet = UniqueHandle<DeviceSetTraits>;

std::wstring InstanceId(const DeviceSet& set, SP_DEVINFO_DATA& device) {
  std::wstring id(kLongestId, L'\0');
  DWORD length = 0;
  if (!SetupDiGetDeviceInstanceIdW(set.get(), &device, id.data(), kLongestId, &length)) {
    throw LastError("get a smart card reader's device instance id");
  }
  id.resize(length > 0 ? length - 1 : 0);
  return id;
}

/** The friendly name; empty when there is none. */
std::wstring FriendlyName(const DeviceSet& set, SP_DEVINFO_DATA& device) {
  DWORD size = 0;
  SetupDiGetDeviceRegistryPropertyW(set.get(), &device, SPDRP_FRIENDLYNAME, nullptr, nullptr, 0,
                                    &size);
  std::wstring name(size / sizeof(wchar_t) + 1, L'\0');
  const DWORD room = static_cast<DWORD>(name.size() * sizeof(wchar_t));
  if (!SetupDiGetDeviceRegistryPropertyW(set.get(), &device, SPDRP_FRIENDLYNAME, nullptr,
                                         reinterpret_cast<BYTE*>(name.data()), room, nullptr)) {
    return {};
  }
  name.resize(name.find(L'\0'));
  return name;
}

}  // namespace

void ListDevicesCall::Work(CallLine&) {
  const DeviceSet set(SetupDiGetClassDevsW(&kReaderClass, L"ROOT", nullptr, DIGCF_PRESENT));
  if (!set) throw LastError("list the smart card reader devices");
  SP_DEVINFO_DATA device = {};
  device.cbSize = sizeof(device);
  for (DWORD index = 0; SetupDiEnumDeviceInfo(set.get(), index, &device); ++index) {
    devices_.push_back({InstanceId(set, device), FriendlyName(set, device)});
  }
  if (GetLastError() != ERROR_NO_MORE_ITEMS) throw LastError("list the smart card reader devices");
}

Napi::Value ListDevicesCall::Result(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env, devices_.size());
  for (std::uint32_t i = 0; i < devices_.size(); ++i) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("instanceId", ToJavaScript(env, devices_[i].instance_id));
    object.Set("name", ToJavaScript(env, devices_[i].name));
    list.Set(i, object);
  }
  return list;
}

}  // namespace vsc
