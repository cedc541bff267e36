#include "server/manager.h"

#include "server/create_card.h"
#include "server/destroy_card.h"

namespace lab {

HRESULT Manager::QueryInterface(REFIID id, void** object) {
  if (!object) return E_POINTER;
  const bool known = id == IID_IUnknown || id == IID_ITpmVirtualSmartCardManager ||
                     (version_ >= 2 && id == IID_ITpmVirtualSmartCardManager2) ||
                     (version_ >= 3 && id == IID_ITpmVirtualSmartCardManager3);
  *object = known ? this : nullptr;
  if (!known) return E_NOINTERFACE;
  AddRef();
  return S_OK;
}

ULONG Manager::AddRef() {
  return InterlockedIncrement(&references_);
}

ULONG Manager::Release() {
  const LONG left = InterlockedDecrement(&references_);
  if (left == 0) delete this;
  return left;
}

HRESULT Manager::CreateVirtualSmartCard(const WCHAR* friendlyName, BYTE adminAlgorithmId,
                                        const BYTE* adminKey, DWORD adminKeySize,
                                        const BYTE* adminKcv, DWORD adminKcvSize, const BYTE* puk,
                                        DWORD pukSize, const BYTE* pin, DWORD pinSize,
                                        BOOL generate,
                                        ITpmVirtualSmartCardManagerStatusCallback* statusCallback,
                                        WCHAR** instanceId, BOOL* needReboot) {
  const CreateArguments arguments = {friendlyName,
                                     adminAlgorithmId,
                                     {adminKey, adminKeySize},
                                     {adminKcv, adminKcvSize},
                                     {puk, pukSize},
                                     {pin, pinSize},
                                     std::nullopt,
                                     std::nullopt,
                                     generate,
                                     statusCallback != nullptr};
  return CreateCard("CreateVirtualSmartCard", arguments, statusCallback, instanceId, needReboot);
}

HRESULT Manager::CreateVirtualSmartCardWithPinPolicy(
    const WCHAR* friendlyName, BYTE adminAlgorithmId, const BYTE* adminKey, DWORD adminKeySize,
    const BYTE* adminKcv, DWORD adminKcvSize, const BYTE* puk, DWORD pukSize, const BYTE* pin,
    DWORD pinSize, const BYTE* pinPolicy, DWORD pinPolicySize, BOOL generate,
    ITpmVirtualSmartCardManagerStatusCallback* statusCallback, WCHAR** instanceId,
    BOOL* needReboot) {
  const CreateArguments arguments = {friendlyName,
                                     adminAlgorithmId,
                                     {adminKey, adminKeySize},
                                     {adminKcv, adminKcvSize},
                                     {puk, pukSize},
                                     {pin, pinSize},
                                     SizedBytes{pinPolicy, pinPolicySize},
                                     std::nullopt,
                                     generate,
                                     statusCallback != nullptr};
  return CreateCard("CreateVirtualSmartCardWithPinPolicy", arguments, statusCallback, instanceId,
                    needReboot);
}

HRESULT Manager::CreateVirtualSmartCardWithAttestation(
    const WCHAR* friendlyName, BYTE adminAlgorithmId, const BYTE* adminKey, DWORD adminKeySize,
    const BYTE* adminKcv, DWORD adminKcvSize, const BYTE* puk, DWORD pukSize, const BYTE* pin,
    DWORD pinSize, const BYTE* pinPolicy, DWORD pinPolicySize,
    TPMVSC_ATTESTATION_TYPE attestationType, BOOL generate,
    ITpmVirtualSmartCardManagerStatusCallback* statusCallback, WCHAR** instanceId) {
  const CreateArguments arguments = {friendlyName,
                                     adminAlgorithmId,
                                     {adminKey, adminKeySize},
                                     {adminKcv, adminKcvSize},
                                     {puk, pukSize},
                                     {pin, pinSize},
                                     SizedBytes{pinPolicy, pinPolicySize},
                                     static_cast<int>(attestationType),
                                     generate,
                                     statusCallback != nullptr};
  return CreateCard("CreateVirtualSmartCardWithAttestation", arguments, statusCallback, instanceId,
                    nullptr);
}

HRESULT Manager::DestroyVirtualSmartCard(const WCHAR* instanceId,
                                         ITpmVirtualSmartCardManagerStatusCallback* statusCallback,
                                         BOOL* needReboot) {
  return DestroyCard(instanceId, statusCallback, needReboot);
}

}  // namespace lab
