#pragma once

#include <optional>
#include <string>

#include "node/calls/system_call.h"
#include "windows/manager/activation.h"
#include "windows/manager/status_listener.h"
#include "windows/system/apartment.h"

namespace vsc {

/** A call to the virtual smart card manager: its thread's apartment, the manager, the listener. */
class ManagerCall : public SystemCall {
 public:
  /** `tells_status`: whether JavaScript hears of progress. */
  ManagerCall(ManagerAddress address, bool tells_status)
      : address_(std::move(address)), tells_status_(tells_status) {}

  void End() noexcept override;

 protected:
  /** Starts COM on this thread and gets the manager. */
  void Activate(REFIID id);
  /**
   * Makes the call with a listener. A manager that calls back when the call has returned finds one
   * that tells it to stop. Throws NativeError with what the manager reported.
   */
  template <typename Function>
  void Invoke(CallLine& line, const std::string& action, Function function) {
    const Listening listening(line, tells_status_);
    const HRESULT result = function(manager_.get(), listening.listener());
    Check(result, action, listening.listener()->reported_error());
  }

  ManagerPtr manager_;

 private:
  /** The call's listener, which hears of nothing any more once this ends. */
  class Listening {
   public:
    Listening(CallLine& line, bool tells_status) {
      listener_.Attach(new StatusListener(line, tells_status));
    }
    ~Listening() { listener_.get()->CallEnded(); }

    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

    StatusListener* listener() const { return listener_.get(); }

   private:
    ComPtr<StatusListener> listener_;
  };

  static void Check(HRESULT result, const std::string& action,
                    std::optional<UINT32> reported_error);

  ManagerAddress address_;
  const bool tells_status_;
  std::optional<Apartment> apartment_;
};

}  // namespace vsc
