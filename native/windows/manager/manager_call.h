#pragma once

#include <optional>
#include <string>

#include "node/calls/system_call.h"
#include "windows/manager/activation.h"
#include "windows/manager/apartment.h"
#include "windows/manager/status_listener.h"

namespace vsc {

/** A call to the virtual smart card manager: its thread's apartment, the manager, the listener. */
class ManagerCall : public SystemCall {
 public:
  /** `waits`: whether JavaScript may stop the call at the very report that it is told of. */
  ManagerCall(ManagerAddress address, bool waits) : address_(std::move(address)), waits_(waits) {}

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
    const Listening listening(line, waits_);
    const HRESULT result = function(manager_.get(), listening.listener());
    Check(result, action, listening.listener()->reported_error());
  }

  ManagerPtr manager_;

 private:
  /** The call's listener, which hears of nothing any more once this ends. */
  class Listening {
   public:
    Listening(CallLine& line, bool waits) { listener_.Attach(new StatusListener(line, waits)); }
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
  const bool waits_;
  std::optional<Apartment> apartment_;
};

}  // namespace vsc
