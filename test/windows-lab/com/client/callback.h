#pragma once

#include <mutex>
#include <optional>

#include "common/json.h"
#include "tpmvscmgr.h"

namespace lab {

/** Notes what is reported, and asks for an end at one of the statuses. */
class Callback final : public ITpmVirtualSmartCardManagerStatusCallback {
 public:
  explicit Callback(std::optional<int> abortAt) : abortAt_(abortAt) {}

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override {
    const bool known = id == IID_IUnknown || id == IID_ITpmVirtualSmartCardManagerStatusCallback;
    *object = known ? this : nullptr;
    if (!known) return E_NOINTERFACE;
    AddRef();
    return S_OK;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&references_); }
  /** A server that died keeps its reference until this process leaves COM. */
  ULONG STDMETHODCALLTYPE Release() override {
    const LONG left = InterlockedDecrement(&references_);
    if (left == 0) delete this;
    return left;
  }

  HRESULT STDMETHODCALLTYPE ReportProgress(TPMVSCMGR_STATUS status) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    progress_.emplace_back(static_cast<int>(status));
    return abortAt_ == static_cast<int>(status) ? E_ABORT : S_OK;
  }
  HRESULT STDMETHODCALLTYPE ReportError(TPMVSCMGR_ERROR error) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    errors_.emplace_back(static_cast<int>(error));
    return S_OK;
  }

  Json Progress() const { return progress_; }
  Json Errors() const { return errors_; }

 private:
  ~Callback() = default;

  LONG references_ = 1;
  const std::optional<int> abortAt_;
  std::mutex mutex_;
  Json::Array progress_;
  Json::Array errors_;
};

}  // namespace lab
