#pragma once

#include <atomic>
#include <optional>

#include "node/calls/call_line.h"
#include "windows/manager/tpmvscmgr.h"

namespace vsc {

/**
 * The status callback of one create or destroy: brings its stages to JavaScript, and answers
 * E_ABORT once the call is to stop. COM calls it on threads of its own, and may hold it longer than
 * the call lasts.
 */
class StatusListener final : public tpmvsc::StatusCallback {
 public:
  /**
   * The maker has the first reference. `tells_status`: whether JavaScript hears of progress, and
   * the manager waits until it has dealt with it.
   */
  StatusListener(CallLine& line, bool tells_status);

  /** The call returned: nothing is told any more, and a late caller is told to stop. */
  void CallEnded() noexcept;
  /** TPMVSCMGR_ERROR of the last failure that says more than that the whole has failed. */
  std::optional<UINT32> reported_error() const;

 private:
  ~StatusListener() = default;

  static StatusListener& Self(tpmvsc::StatusCallback* self) {
    return *static_cast<StatusListener*>(self);
  }
  static HRESULT STDMETHODCALLTYPE QueryInterface(tpmvsc::StatusCallback* self, REFIID id,
                                                  void** object);
  static ULONG STDMETHODCALLTYPE AddRef(tpmvsc::StatusCallback* self);
  static ULONG STDMETHODCALLTYPE Release(tpmvsc::StatusCallback* self);
  static HRESULT STDMETHODCALLTYPE ReportProgress(tpmvsc::StatusCallback* self, UINT32 status);
  static HRESULT STDMETHODCALLTYPE ReportError(tpmvsc::StatusCallback* self, UINT32 error);

  static const tpmvsc::StatusCallbackTable kTable;

  HRESULT Progress(UINT32 status) noexcept;
  HRESULT Error(UINT32 error) noexcept;

  std::atomic<ULONG> references_{1};
  mutable std::mutex mutex_;
  const bool tells_status_;
  /** Null once the call has ended. */
  CallLine* line_;
  /** Reports under way on COM's threads, which the end of the call waits for. */
  std::size_t reporting_ = 0;
  std::condition_variable idle_;
  std::optional<UINT32> error_;
};

}  // namespace vsc
