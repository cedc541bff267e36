#pragma once

#include <string>

#include "node/calls/call_line.h"
#include "windows/system/com_ptr.h"
#include "windows/system/hresult_error.h"
#include "windows/winrt/runtime_interfaces.h"

namespace vsc {

/**
 * Waits until an asynchronous operation has come to its end, whatever it brings. When the call is
 * to stop, the operation is cancelled and not waited for any more. Throws NativeError unless it
 * completed.
 */
void AwaitCompletion(CallLine& line, IUnknown* operation, const std::string& action);

/** Waits for an operation and hands its result over, to be received by `result`. */
template <typename Result>
void AwaitResult(CallLine& line, const ComPtr<winrt::AsyncOperation<Result>>& operation,
                 Result* result, const std::string& action) {
  AwaitCompletion(line, operation.unknown(), action);
  CheckHresult(operation.get()->table->GetResults(operation.get(), result), action);
}

}  // namespace vsc
