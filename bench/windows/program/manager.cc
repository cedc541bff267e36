#include "manager.h"

#include <objbase.h>

#include "open_card.h"
#include "stopwatch.h"
#include "text.h"

namespace bench {

namespace {

constexpr BYTE kAdminAlgorithm = 0x82;
constexpr CLSID kManagerClass = {
    0x16A18E86, 0x7F6E, 0x4C20, {0xAD, 0x89, 0x4F, 0xFC, 0x0D, 0xB7, 0xA9, 0x6A}};

/** Is told of the progress, and lets the manager go on. */
class Callback final : public ITpmVirtualSmartCardManagerStatusCallback {
 public:
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override {
    const bool known = id == IID_IUnknown || id == IID_ITpmVirtualSmartCardManagerStatusCallback;
    *object = known ? this : nullptr;
    if (!known) return E_NOINTERFACE;
    AddRef();
    return S_OK;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&references_); }
  ULONG STDMETHODCALLTYPE Release() override {
    const LONG left = InterlockedDecrement(&references_);
    if (left == 0) delete this;
    return left;
  }
  HRESULT STDMETHODCALLTYPE ReportProgress(TPMVSCMGR_STATUS) override { return S_OK; }
  HRESULT STDMETHODCALLTYPE ReportError(TPMVSCMGR_ERROR) override { return S_OK; }

 private:
  ~Callback() = default;
  LONG references_ = 1;
};

ITpmVirtualSmartCardManager* Activate() {
  void* manager = nullptr;
  Check(CoCreateInstance(kManagerClass, nullptr, CLSCTX_LOCAL_SERVER,
                         IID_ITpmVirtualSmartCardManager, &manager),
        "CoCreateInstance");
  return static_cast<ITpmVirtualSmartCardManager*>(manager);
}

std::wstring Create(const NewCard& card) {
  const auto* const pin = reinterpret_cast<const BYTE*>(card.pin.data());
  WCHAR* instance_id = nullptr;
  BOOL need_reboot = FALSE;
  ITpmVirtualSmartCardManager* const manager = Activate();
  auto* const callback = new Callback;
  const HRESULT result = manager->CreateVirtualSmartCard(
      card.name.c_str(), kAdminAlgorithm, card.admin_key.data(),
      static_cast<DWORD>(card.admin_key.size()), card.kcv.data(),
      static_cast<DWORD>(card.kcv.size()), nullptr, 0, pin, static_cast<DWORD>(card.pin.size()),
      TRUE, callback, &instance_id, &need_reboot);
  callback->Release();
  manager->Release();
  Check(result, "CreateVirtualSmartCard");
  std::wstring id = instance_id;
  CoTaskMemFree(instance_id);
  return id;
}

}  // namespace

std::string CreateCard(const NewCard& card) {
  Stopwatch watch;
  const std::wstring id = Create(card);
  watch.Stop();
  return watch.Answer(Utf8(id));
}

std::string CreateAndOpenCard(const NewCard& card) {
  Stopwatch watch;
  ListDevices();
  const std::wstring id = Create(card);
  const OpenCard opened(id);
  ListDevices();
  watch.Stop();
  return watch.Answer(Utf8(id));
}

std::string DestroyCard(const std::wstring& instance_id) {
  BOOL need_reboot = FALSE;
  Stopwatch watch;
  ITpmVirtualSmartCardManager* const manager = Activate();
  auto* const callback = new Callback;
  const HRESULT result =
      manager->DestroyVirtualSmartCard(instance_id.c_str(), callback, &need_reboot);
  callback->Release();
  manager->Release();
  watch.Stop();
  Check(result, "DestroyVirtualSmartCard");
  return watch.Answer("");
}

std::string KeepManager() {
  Stopwatch watch;
  Activate();
  watch.Stop();
  return watch.Answer("");
}

}  // namespace bench
