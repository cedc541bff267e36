#include "windows/manager/manager_call.h"

#include "windows/system/hresult_error.h"

namespace vsc {

void ManagerCall::End() noexcept {
  manager_.Reset();
  apartment_.reset();
}

void ManagerCall::Activate(REFIID id) {
  apartment_.emplace();
  manager_ = ActivateManager(address_, id);
}

void ManagerCall::Check(HRESULT result, const std::string& action,
                        std::optional<UINT32> reported_error) {
  // [MS-TPMVSC] knows one success: 0.
  if (result == S_OK) return;
  NativeError error = HresultError(result, action);
  error.reported_error = reported_error;
  throw error;
}

}  // namespace vsc
