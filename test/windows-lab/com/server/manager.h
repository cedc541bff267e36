#pragma once

#include "server/create_arguments.h"
#include "server/reporter.h"
#include "tpmvscmgr.h"

namespace lab {

/** The object that clients see: a manager of version 1, 2 or 3, as the system would be. */
class Manager final : public ITpmVirtualSmartCardManager3 {
 public:
  /** @param version - the newest interface that it has */
  explicit Manager(int version) : version_(version) {}

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override;
  ULONG STDMETHODCALLTYPE AddRef() override;
  ULONG STDMETHODCALLTYPE Release() override;

  HRESULT STDMETHODCALLTYPE CreateVirtualSmartCard(
      const WCHAR* friendlyName, BYTE adminAlgorithmId, const BYTE* adminKey, DWORD adminKeySize,
      const BYTE* adminKcv, DWORD adminKcvSize, const BYTE* puk, DWORD pukSize, const BYTE* pin,
      DWORD pinSize, BOOL generate, ITpmVirtualSmartCardManagerStatusCallback* statusCallback,
      WCHAR** instanceId, BOOL* needReboot) override;

  HRESULT STDMETHODCALLTYPE DestroyVirtualSmartCard(
      const WCHAR* instanceId, ITpmVirtualSmartCardManagerStatusCallback* statusCallback,
      BOOL* needReboot) override;

  HRESULT STDMETHODCALLTYPE CreateVirtualSmartCardWithPinPolicy(
      const WCHAR* friendlyName, BYTE adminAlgorithmId, const BYTE* adminKey, DWORD adminKeySize,
      const BYTE* adminKcv, DWORD adminKcvSize, const BYTE* puk, DWORD pukSize, const BYTE* pin,
      DWORD pinSize, const BYTE* pinPolicy, DWORD pinPolicySize, BOOL generate,
      ITpmVirtualSmartCardManagerStatusCallback* statusCallback, WCHAR** instanceId,
      BOOL* needReboot) override;

  HRESULT STDMETHODCALLTYPE CreateVirtualSmartCardWithAttestation(
      const WCHAR* friendlyName, BYTE adminAlgorithmId, const BYTE* adminKey, DWORD adminKeySize,
      const BYTE* adminKcv, DWORD adminKcvSize, const BYTE* puk, DWORD pukSize, const BYTE* pin,
      DWORD pinSize, const BYTE* pinPolicy, DWORD pinPolicySize,
      TPMVSC_ATTESTATION_TYPE attestationType, BOOL generate,
      ITpmVirtualSmartCardManagerStatusCallback* statusCallback, WCHAR** instanceId) override;

 private:
  ~Manager() = default;

  const int version_;
  LONG references_ = 1;
};

}  // namespace lab
