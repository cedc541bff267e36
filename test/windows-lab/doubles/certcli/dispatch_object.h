#pragma once

#include <windows.h>

#include <oaidl.h>

#include <atomic>

#include "certcli/component.h"

namespace lab {

/** What the objects share: their life, and the functions for scripts, which nobody calls here. */
template <typename Interface>
class DispatchObject : public Interface {
 public:
  explicit DispatchObject(REFIID id) : id_(id) { ++Open(); }

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override {
    if (!object) return E_POINTER;
    const bool known = id == IID_IUnknown || id == IID_IDispatch || id == id_;
    *object = known ? this : nullptr;
    if (known) AddRef();
    return known ? S_OK : E_NOINTERFACE;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  /** The record has how many objects were there before the last reference of one went. */
  ULONG STDMETHODCALLTYPE Release() override {
    const ULONG left = --references_;
    if (left > 0) return left;
    Method("Release", {{"openObjects", Open().load()}}, [] {});
    delete this;
    return 0;
  }
  HRESULT STDMETHODCALLTYPE GetTypeInfoCount(UINT*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetTypeInfo(UINT, LCID, ITypeInfo**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR*, UINT, LCID, DISPID*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE Invoke(DISPID, REFIID, LCID, WORD, DISPPARAMS*, VARIANT*, EXCEPINFO*,
                                   UINT*) override {
    return E_NOTIMPL;
  }

 protected:
  virtual ~DispatchObject() { --Open(); }

 private:
  /** How many there are in the process. */
  static std::atomic<int>& Open() {
    static std::atomic<int> open{0};
    return open;
  }

  const IID id_;
  std::atomic<ULONG> references_{1};
};

}  // namespace lab
