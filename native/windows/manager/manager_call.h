#pragma once

#include <optional>
#include <string>

#include "windows/calls/system_call.h"
#include "windows/manager/activation.h"
#include "windows/manager/apartment.h"
#include "windows/manager/status_listener.h"

namespace vsc {

/** A call to the virtual smart card manager: its thread's apartment, the manager, the listener. */
class ManagerCall : public SystemCall {
 public:
  explicit ManagerCall(ManagerAddress address) : address_(std::move(address)) {}

  void End() noexcept override;

 protected:
  /** Starts COM on this thread and gets the manager. */
  void Activate(REFIID id);
  /**
   * Makes the call with a listener, which is cut off when it has returned. Throws NativeError with
   * what the manager reported.
   */
  template <typename Function>
  void Invoke(CallLine& line, const std::string& action, Function function) {
    const ListenerPtr listener(line);
    const HRESULT result = function(manager_.get(), listener.get());
    listener.CutOff();
    Check(result, action, listener.get()->reported_error());
  }

  ManagerPtr manager_;

 private:
  /** A listener, and the connections that COM has made to it. */
  class ListenerPtr {
   public:
    explicit ListenerPtr(CallLine& line) { listener_.Attach(new StatusListener(line)); }
    ~ListenerPtr() { CutOff(); }
    StatusListener* get() const { return listener_.get(); }
    /** A server that calls back now finds nobody. */
    void CutOff() const noexcept;

   private:
    ComPtr<StatusListener> listener_;
  };

  static void Check(HRESULT result, const std::string& action,
                    std::optional<UINT32> reported_error);

  ManagerAddress address_;
  std::optional<Apartment> apartment_;
};

}  // namespace vsc
