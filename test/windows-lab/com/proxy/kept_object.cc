#include "proxy/kept_object.h"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "tpmvscmgr.h"

namespace lab {
namespace {

const IID* const kInterfaces[] = {
    &IID_IUnknown,
    &IID_IClassFactory,
    &IID_ITpmVirtualSmartCardManager,
    &IID_ITpmVirtualSmartCardManager2,
    &IID_ITpmVirtualSmartCardManager3,
    &IID_ITpmVirtualSmartCardManagerStatusCallback,
};

}  // namespace

void KeptObject::Keep() {
  static std::atomic<bool> isKept{false};
  if (isKept.exchange(true)) return;
  static KeptObject object;
  for (const IID* id : kInterfaces) {
    if (FAILED(object.Marshal(*id))) isKept = false;
  }
}

HRESULT KeptObject::QueryInterface(REFIID id, void** object) {
  if (!object) return E_POINTER;
  const auto isAsked = [&id](const IID* each) { return id == *each; };
  const bool known = std::any_of(std::begin(kInterfaces), std::end(kInterfaces), isAsked);
  *object = known ? this : nullptr;
  return known ? S_OK : E_NOINTERFACE;
}

HRESULT KeptObject::Marshal(REFIID id) {
  IStream* stream = nullptr;
  HRESULT result = CreateStreamOnHGlobal(nullptr, TRUE, &stream);
  if (FAILED(result)) return result;
  // Nobody is to unmarshal it: it stays until the apartment ends.
  result = CoMarshalInterface(stream, id, this, MSHCTX_LOCAL, nullptr, MSHLFLAGS_TABLESTRONG);
  stream->Release();
  return result;
}

}  // namespace lab
