#include "smartcards/factories.h"

#include "common/apartment.h"
#include "common/readers.h"
#include "common/text.h"
#include "smartcards/operation.h"
#include "smartcards/smart_cards.h"
#include "smartcards/strings.h"
#include "smartcards/vector_view.h"

namespace lab {

namespace {

constexpr wchar_t kSelector[] = L"System.Devices.InterfaceClassGuid:=\"{LAB-READERS}\"";
/** Before a reader's name it makes the id of the device. */
constexpr wchar_t kDevice[] = L"\\\\?\\SWD#ScDeviceEnum#";

/** `Statics` are the functions of a class, found by `id`. */
template <typename Statics, const GUID& id>
class Factory : public RuntimeObject<IActivationFactory, Statics> {
 public:
  HRESULT STDMETHODCALLTYPE ActivateInstance(IInspectable**) override { return E_NOTIMPL; }

 protected:
  void* Find(REFIID wanted) override {
    if (wanted == __uuidof(IActivationFactory)) return static_cast<IActivationFactory*>(this);
    return wanted == id ? static_cast<Statics*>(this) : nullptr;
  }
};

class ReaderFactory final : public Factory<ISmartCardReaderStatics, kReaderStatics> {
 public:
  HRESULT STDMETHODCALLTYPE GetDeviceSelector(HSTRING* selector) override {
    return Method("GetDeviceSelector", {{"apartment", Apartment()}}, [&](const Json&) {
      RequireReceiver(selector);
      *selector = NewString(kSelector);
    });
  }
  HRESULT STDMETHODCALLTYPE GetDeviceSelectorWithKind(INT32, HSTRING*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE FromIdAsync(HSTRING id,
                                        IAsyncOperation<ISmartCardReader*>** operation) override {
    const std::wstring device = TextOf(id);
    return StartOperation("FromIdAsync", {{"id", Utf8(device)}}, operation, [&](const Course&) {
      Require(device.find(kDevice) == 0, static_cast<uint32_t>(E_INVALIDARG));
      const Reader reader = FindReader(device.substr(std::wstring(kDevice).size()));
      return [name = reader.name]() -> ISmartCardReader* { return new SmartCardReader(name); };
    });
  }
};

class DeviceFactory final : public Factory<IDeviceInformationStatics, kDeviceInformationStatics> {
 public:
  HRESULT STDMETHODCALLTYPE CreateFromIdAsync(HSTRING, IUnknown**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE CreateFromIdAsyncAdditionalProperties(HSTRING, IUnknown*,
                                                                  IUnknown**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE FindAllAsync(IUnknown**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE FindAllAsyncDeviceClass(INT32, IUnknown**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE
  FindAllAsyncAqsFilter(HSTRING filter, IAsyncOperation<DeviceView*>** operation) override {
    return StartOperation("FindAllAsyncAqsFilter", {}, operation, [&](const Course&) {
      Require(TextOf(filter) == kSelector, static_cast<uint32_t>(E_INVALIDARG));
      return []() -> DeviceView* {
        std::vector<IDeviceInformation*> devices;
        for (const Reader& reader : ListReaders()) {
          devices.push_back(new DeviceInformation(kDevice + reader.name));
        }
        return new VectorView<IDeviceInformation>(devices);
      };
    });
  }
};

class ProvisioningFactory final : public Factory<IProvisioningStatics, kProvisioningStatics> {
 public:
  HRESULT STDMETHODCALLTYPE
  FromSmartCardAsync(ISmartCard* card, IAsyncOperation<IProvisioning*>** operation) override {
    return StartOperation("FromSmartCardAsync", {}, operation, [&](const Course&) {
      Require(dynamic_cast<SmartCard*>(card) != nullptr, static_cast<uint32_t>(E_INVALIDARG));
      return []() -> IProvisioning* { return new Provisioning; };
    });
  }
};

}  // namespace

IActivationFactory* FactoryOf(const std::wstring& className) {
  static auto* const readers = new ReaderFactory;
  static auto* const devices = new DeviceFactory;
  static auto* const provisioning = new ProvisioningFactory;
  if (className == L"Windows.Devices.SmartCards.SmartCardReader") return readers;
  if (className == L"Windows.Devices.Enumeration.DeviceInformation") return devices;
  const bool isLast = className == L"Windows.Devices.SmartCards.SmartCardProvisioning";
  return isLast ? provisioning : nullptr;
}

}  // namespace lab
