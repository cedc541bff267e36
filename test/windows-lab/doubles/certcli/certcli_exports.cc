// Stands where Windows has certcli.dll: the client of certification authorities, in process.
#include <windows.h>

#include <unknwn.h>

#include "certcli/config.h"
#include "certcli/ids.h"
#include "certcli/request.h"

namespace {

/** Makes objects of a class; lives as long as the process. */
template <typename Object>
class Factory final : public IClassFactory {
 public:
  static Factory& Instance() {
    static Factory instance;
    return instance;
  }

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override {
    if (!object) return E_POINTER;
    const bool known = id == IID_IUnknown || id == IID_IClassFactory;
    *object = known ? this : nullptr;
    return known ? S_OK : E_NOINTERFACE;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return 2; }
  ULONG STDMETHODCALLTYPE Release() override { return 1; }
  HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown* outer, REFIID id, void** object) override {
    if (!object) return E_POINTER;
    *object = nullptr;
    if (outer) return CLASS_E_NOAGGREGATION;
    Object* const made = new Object;
    const HRESULT result = made->QueryInterface(id, object);
    made->Release();
    return result;
  }
  HRESULT STDMETHODCALLTYPE LockServer(BOOL) override { return S_OK; }
};

}  // namespace

STDAPI DllGetClassObject(REFCLSID classId, REFIID id, void** object) {
  if (classId == lab::kRequestClass) {
    return Factory<lab::CertRequest>::Instance().QueryInterface(id, object);
  }
  if (classId == lab::kConfigClass) {
    return Factory<lab::CertConfig>::Instance().QueryInterface(id, object);
  }
  return CLASS_E_CLASSNOTAVAILABLE;
}

/** It has reached the forwarder, on connections that stay. */
STDAPI DllCanUnloadNow() {
  return S_FALSE;
}
