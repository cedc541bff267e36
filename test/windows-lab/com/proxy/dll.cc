// What COM takes from the proxy and stub DLL when this process first sends or gets an interface of
// it: the factory that widl made, and before that the interfaces are made to stay.
#include "proxy/kept_object.h"

extern "C" {

/** In what widl made. */
HRESULT STDMETHODCALLTYPE DllGetClassObject(REFCLSID classId, REFIID id, void** object);

HRESULT STDMETHODCALLTYPE GetClassObjectAndKeep(REFCLSID classId, REFIID id, void** object) {
  lab::KeptObject::Keep();
  return DllGetClassObject(classId, id, object);
}
}
