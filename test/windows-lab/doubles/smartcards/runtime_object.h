#pragma once

#include <windows.h>

#include <inspectable.h>

#include <atomic>

#include "smartcards/component.h"

namespace lab {

/** How many objects there are in the process. */
inline std::atomic<int>& OpenObjects() {
  static std::atomic<int> open{0};
  return open;
}

/**
 * What the objects share: their life, and what IInspectable asks. An object is found by IUnknown,
 * IInspectable, and what `Find` knows.
 */
template <typename First, typename... Others>
class RuntimeObject : public First, public Others... {
 public:
  RuntimeObject() { ++OpenObjects(); }

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override {
    if (!object) return E_POINTER;
    const bool isBase = id == IID_IUnknown || id == __uuidof(IInspectable);
    *object = isBase ? static_cast<First*>(this) : Find(id);
    if (*object) AddRef();
    return *object ? S_OK : E_NOINTERFACE;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  /** The record has how many objects were there before the last reference of one went. */
  ULONG STDMETHODCALLTYPE Release() override {
    const ULONG left = --references_;
    if (left > 0) return left;
    Method("Release", {{"openObjects", OpenObjects().load()}}, [](const Json&) {});
    delete this;
    return 0;
  }
  HRESULT STDMETHODCALLTYPE GetIids(ULONG*, IID**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetRuntimeClassName(HSTRING*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetTrustLevel(TrustLevel*) override { return E_NOTIMPL; }

 protected:
  virtual ~RuntimeObject() { --OpenObjects(); }
  /** The interface of that id, without a reference for it; NULL for none. */
  virtual void* Find(REFIID) { return nullptr; }

 private:
  std::atomic<ULONG> references_{1};
};

}  // namespace lab
