#pragma once

#include <windows.h>

#include <certcli.h>

#include "certcli/dispatch_object.h"

namespace lab {

/** ICertConfig of a machine that knows the forwarder's authority, and no other. */
class CertConfig final : public DispatchObject<ICertConfig> {
 public:
  CertConfig();

  HRESULT WINAPI Reset(LONG index, LONG* count) override;
  HRESULT WINAPI Next(LONG* index) override;
  HRESULT WINAPI GetField(const BSTR name, BSTR* value) override;
  HRESULT WINAPI GetConfig(LONG flags, BSTR* config) override;
};

}  // namespace lab
