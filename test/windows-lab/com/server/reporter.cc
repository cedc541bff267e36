#include "server/reporter.h"

#include "server/failure.h"

namespace lab {

void Reporter::Progress(int status) const {
  if (callback_) {
    const HRESULT result = callback_->ReportProgress(static_cast<TPMVSCMGR_STATUS>(status));
    if (FAILED(result)) throw Aborted(result);
  }
  plan_.After(status);
}

void Reporter::ProgressOnly(int status) const {
  if (callback_) callback_->ReportProgress(static_cast<TPMVSCMGR_STATUS>(status));
  plan_.After(status);
}

void Reporter::Errors(const std::vector<int>& errors) const {
  if (!callback_) return;
  for (const int error : errors) callback_->ReportError(static_cast<TPMVSCMGR_ERROR>(error));
}

}  // namespace lab
