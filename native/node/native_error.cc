#include "node/native_error.h"

#include <new>

namespace vsc {

Napi::Error ToJavaScript(Napi::Env env, const NativeError& error) {
  Napi::Error result = Napi::Error::New(env, error.what());
  result.Set("code", Napi::String::New(env, error.code()));
  if (error.holder_pid) {
    result.Set("holderPid", Napi::Number::New(env, static_cast<double>(*error.holder_pid)));
  }
  if (error.hresult) result.Set("hresult", Napi::Number::New(env, *error.hresult));
  if (error.reported_error) {
    result.Set("reportedError", Napi::Number::New(env, *error.reported_error));
  }
  if (error.attempts_left) {
    result.Set("attemptsLeft", Napi::Number::New(env, *error.attempts_left));
  }
  return result;
}

NativeError CurrentError() noexcept {
  try {
    throw;
  } catch (const NativeError& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return NativeError("ENOMEM", "Out of memory");
  } catch (const std::exception& error) {
    return NativeError("NATIVE_FAILURE", error.what());
  } catch (...) {
    return NativeError("NATIVE_FAILURE", "An unknown exception");
  }
}

}  // namespace vsc
