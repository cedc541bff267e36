#pragma once

#include <objbase.h>

namespace lab {

/**
 * An object of each interface that the lab's processes send each other, which is never called.
 * While it is marshalled, Wine keeps the interfaces in the process's RPC runtime. Without it they
 * would be withdrawn whenever the last object of the kind goes, and that has a flaw:
 * RpcServerUnregisterIf notes that a call is still ending, and only then makes the event that the
 * end of it sets. A call that ends in between sets none, and the release of the object, here a
 * manager, a class factory or a callback, waits for ever: once in some hundred rounds.
 */
class KeptObject final : public IUnknown {
 public:
  /** Marshals it, the first time that this is called. */
  static void Keep();

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override;
  ULONG STDMETHODCALLTYPE AddRef() override { return 2; }
  ULONG STDMETHODCALLTYPE Release() override { return 1; }

 private:
  HRESULT Marshal(REFIID id);
};

}  // namespace lab
