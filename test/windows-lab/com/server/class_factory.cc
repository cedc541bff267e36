#include "server/class_factory.h"

#include "common/forwarder_client.h"
#include "server/failure.h"
#include "server/guarded.h"
#include "server/manager.h"

namespace lab {

namespace {

/** Fails when a test wants it: a plan for `component` factory has a `result` and nothing else. */
void EnterActivation() {
  const Json answer = ForwarderClient::Ask(
      "enter",
      {{"component", "factory"}, {"call", "CreateInstance"}, {"arguments", Json::Object()}});
  const Json& plan = answer.At("plan");
  if (!plan.IsNull()) throw Failure(static_cast<uint32_t>(plan.At("result").Number()), {});
}

}  // namespace

HRESULT ClassFactory::QueryInterface(REFIID id, void** object) {
  if (!object) return E_POINTER;
  const bool known = id == IID_IUnknown || id == IID_IClassFactory;
  *object = known ? this : nullptr;
  return known ? S_OK : E_NOINTERFACE;
}

HRESULT ClassFactory::CreateInstance(IUnknown* outer, REFIID id, void** object) {
  if (!object) return E_POINTER;
  *object = nullptr;
  if (outer) return CLASS_E_NOAGGREGATION;
  HRESULT result = E_UNEXPECTED;
  const HRESULT guarded = Guarded(nullptr, 0, [&] {
    EnterActivation();
    const Json configuration = ForwarderClient::Ask("configuration", {});
    const int version = static_cast<int>(configuration.At("managerVersion").Number());
    Manager* const manager = new Manager(version);
    result = manager->QueryInterface(id, object);
    manager->Release();
  });
  return guarded == S_OK ? result : guarded;
}

}  // namespace lab
