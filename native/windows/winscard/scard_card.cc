#include "windows/winscard/scard_card.h"

#include <algorithm>
#include <utility>

#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

constexpr DWORD kProtocols = SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1;

}  // namespace

void ScardCard::Connect() {
  const std::lock_guard<std::mutex> lock(mutex_);
  context_ = EstablishScardContext();
  Check(WinscardLibrary::Get().Connect(context_.get(), reader_.c_str(), SCARD_SHARE_SHARED,
                                       kProtocols, handle_.Receive(), &protocol_),
        "connect to");
}

SecretBuffer ScardCard::Transmit(const SecretBuffer& command) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const SCARD_IO_REQUEST request = {protocol_, sizeof(SCARD_IO_REQUEST)};
  SecretBuffer response(command.size() <= kLargestShortCommand ? kLargestShortResponse
                                                               : kLargestResponse);
  DWORD size = static_cast<DWORD>(response.size());
  Check(WinscardLibrary::Get().Transmit(Handle(), &request, command.data(),
                                        static_cast<DWORD>(command.size()), nullptr,
                                        response.data(), &size),
        "send a command to");
  response.Shrink(size);
  return response;
}

void ScardCard::BeginTransaction() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Check(WinscardLibrary::Get().BeginTransaction(Handle()), "begin a transaction with");
}

void ScardCard::EndTransaction(bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Check(
      WinscardLibrary::Get().EndTransaction(Handle(), reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD),
      "end a transaction with");
}

void ScardCard::Reconnect(bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Check(WinscardLibrary::Get().Reconnect(Handle(), SCARD_SHARE_SHARED, kProtocols,
                                         reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD, &protocol_),
        reset ? "reset" : "connect again to");
}

void ScardCard::Use(const std::function<void(SCARDCONTEXT, SCARDHANDLE)>& work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  work(context_.get(), Handle());
}

void ScardCard::Keep(const std::function<std::shared_ptr<void>(SCARDCONTEXT, SCARDHANDLE)>& make) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<void> kept = make(context_.get(), Handle());
  if (kept != nullptr) kept_.push_back(std::move(kept));
}

void ScardCard::Drop(const std::weak_ptr<void>& kept) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.erase(std::remove(kept_.begin(), kept_.end(), kept.lock()), kept_.end());
}

void ScardCard::Close(bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.clear();
  // What comes of it changes nothing: the card is not ours any more.
  if (handle_ && !reset) WinscardLibrary::Get().Disconnect(handle_.Release(), SCARD_LEAVE_CARD);
  handle_.Reset();
  context_.Reset();
}

SCARDHANDLE ScardCard::Handle() const {
  if (!handle_) throw NativeError("CLOSED", "The connection to the card is closed");
  return handle_.get();
}

void ScardCard::Check(LONG result, const char* action) const {
  if (result == SCARD_S_SUCCESS) return;
  CheckCode(result, std::string(action) + " the card in the reader " + ToUtf8(reader_));
}

}  // namespace vsc
