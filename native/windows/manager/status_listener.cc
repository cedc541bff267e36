#include "windows/manager/status_listener.h"

#include <utility>

namespace vsc {

namespace {

// TPMVSCMGR_ERROR_CARD_CREATE and _CARD_DESTROY: "it failed", after the report that says why.
constexpr UINT32 kCardCreate = 17;
constexpr UINT32 kCardDestroy = 18;

}  // namespace

const tpmvsc::StatusCallbackTable StatusListener::kTable = {
    {&StatusListener::QueryInterface, &StatusListener::AddRef, &StatusListener::Release},
    &StatusListener::ReportProgress,
    &StatusListener::ReportError,
};

StatusListener::StatusListener(CallLine& line, bool tells_status)
    : tpmvsc::StatusCallback{&kTable}, tells_status_(tells_status), line_(&line) {}

void StatusListener::CallEnded() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  line_ = nullptr;
  idle_.wait(lock, [this] { return reporting_ == 0; });
}

std::optional<UINT32> StatusListener::reported_error() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return error_;
}

HRESULT StatusListener::QueryInterface(tpmvsc::StatusCallback* self, REFIID id, void** object) {
  if (object == nullptr) return E_POINTER;
  *object = nullptr;
  if (!IsEqualIID(id, IID_IUnknown) && !IsEqualIID(id, tpmvsc::kStatusCallback)) {
    return E_NOINTERFACE;
  }
  AddRef(self);
  *object = self;
  return S_OK;
}

ULONG StatusListener::AddRef(tpmvsc::StatusCallback* self) {
  return ++Self(self).references_;
}

ULONG StatusListener::Release(tpmvsc::StatusCallback* self) {
  const ULONG left = --Self(self).references_;
  if (left == 0) delete &Self(self);
  return left;
}

HRESULT StatusListener::ReportProgress(tpmvsc::StatusCallback* self, UINT32 status) {
  return Self(self).Progress(status);
}

HRESULT StatusListener::ReportError(tpmvsc::StatusCallback* self, UINT32 error) {
  return Self(self).Error(error);
}

HRESULT StatusListener::Progress(UINT32 status) noexcept {
  CallLine* line;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (line_ == nullptr) return E_ABORT;
    line = line_;
    ++reporting_;
  }
  HRESULT result = E_OUTOFMEMORY;
  try {
    const bool goes_on =
        tells_status_ ? line->SendAndWait({"status", status, {}}) : !line->stop_requested();
    result = goes_on ? S_OK : E_ABORT;
  } catch (const std::exception&) {
    // Only memory can be lacking: then the call had better stop.
    result = E_OUTOFMEMORY;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (--reporting_ == 0) idle_.notify_all();
  return result;
}

HRESULT StatusListener::Error(UINT32 error) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (line_ == nullptr) return E_ABORT;
  if (!error_ || (error != kCardCreate && error != kCardDestroy)) error_ = error;
  return line_->stop_requested() ? E_ABORT : S_OK;
}

}  // namespace vsc
