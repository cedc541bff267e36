#include "windows/tbs/tbs_transport.h"

#include <utility>

#include "windows/system/hresult_error.h"

namespace vsc {

namespace {

constexpr UINT32 kLocality = 0;
/** TBS_COMMAND_PRIORITY_NORMAL. */
constexpr UINT32 kPriority = 200;
constexpr UINT32 kLargestResponse = 4096;

void Check(UINT32 result, const char* action) {
  CheckCode(static_cast<LONG>(result), action);
}

}  // namespace

void TbsTransport::Open() {
  const TbsContextParameters parameters;
  UniqueHandle<TbsContextTraits> context;
  Check(TbsLibrary::Get().ContextCreate(&parameters, context.Receive()), "reach the TPM");
  const std::lock_guard<std::mutex> lock(mutex_);
  context_ = std::move(context);
}

SecretBuffer TbsTransport::Transmit(const SecretBuffer& command) {
  if (!context_) throw NativeError("CLOSED", "The transport is closed");
  SecretBuffer response(kLargestResponse);
  UINT32 size = kLargestResponse;
  Check(
      TbsLibrary::Get().SubmitCommand(context_.get(), kLocality, kPriority, command.data(),
                                      static_cast<UINT32>(command.size()), response.data(), &size),
      "send the TPM a command");
  response.Shrink(size);
  return response;
}

void TbsTransport::Close() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  context_.Reset();
}

void TbsTransport::Interrupt() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (context_) TbsLibrary::Get().CancelCommands(context_.get());
}

}  // namespace vsc
