#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace vsc {

/** A failure on its way to JavaScript, where it is an Error with a string `code`. */
class NativeError : public std::runtime_error {
 public:
  NativeError(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}

  const std::string& code() const { return code_; }

  /** Process that holds a lock; only for LOCK_HELD. */
  std::optional<std::int64_t> holder_pid;
  /** What Windows answered; only for HRESULT. */
  std::optional<std::uint32_t> hresult;
  /** TPMVSCMGR_ERROR that the virtual smart card manager reported before it failed. */
  std::optional<std::uint32_t> reported_error;
  /** Tries left at a PIN or PUK, where a card's module told them. */
  std::optional<std::uint32_t> attempts_left;

 private:
  std::string code_;
};

/** The JavaScript error of a native one. */
Napi::Error ToJavaScript(Napi::Env env, const NativeError& error);

/** The exception being handled, as a NativeError. Call inside a catch block. */
NativeError CurrentError() noexcept;

/** Calls `function` and turns what it throws into a JavaScript exception. */
template <typename Function>
auto WithErrors(Napi::Env env, Function function) {
  try {
    return function();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw ToJavaScript(env, CurrentError());
  }
}

/** As WithErrors, for functions that return a promise: what they throw is its rejection. */
template <typename Function>
Napi::Value WithRejections(Napi::Env env, Function function) {
  try {
    return function();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(ToJavaScript(env, CurrentError()).Value());
    return deferred.Promise();
  }
}

}  // namespace vsc
