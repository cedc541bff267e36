#include "posix/pcsc/pcsc_card.h"

#include "node/native_error.h"

namespace vsc {

void PcscCard::Connect() {
  const std::lock_guard<std::mutex> lock(mutex_);
  context_ = EstablishPcscContext();
  Check(PcscLibrary::Get().connect(context_.get(), reader_.c_str(), scard::kShared,
                                   scard::kProtocols, handle_.Receive(), &protocol_),
        "connect to");
}

SecretBuffer PcscCard::Transmit(const SecretBuffer& command) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const ScardProtocolHeader header = {protocol_, sizeof(ScardProtocolHeader)};
  SecretBuffer response(command.size() <= kLargestShortCommand ? kLargestShortResponse
                                                               : kLargestResponse);
  auto size = static_cast<ScardWord>(response.size());
  Check(PcscLibrary::Get().transmit(Handle(), &header, command.data(),
                                    static_cast<ScardWord>(command.size()), nullptr,
                                    response.data(), &size),
        "send a command to");
  response.Shrink(size);
  return response;
}

void PcscCard::BeginTransaction() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Check(PcscLibrary::Get().begin_transaction(Handle()), "begin a transaction with");
}

void PcscCard::EndTransaction(bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Check(PcscLibrary::Get().end_transaction(Handle(), reset ? scard::kResetCard : scard::kLeaveCard),
        "end a transaction with");
}

void PcscCard::Reconnect(bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Check(PcscLibrary::Get().reconnect(Handle(), scard::kShared, scard::kProtocols,
                                     reset ? scard::kResetCard : scard::kLeaveCard, &protocol_),
        reset ? "reset" : "connect again to");
}

void PcscCard::Close(bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // What comes of it changes nothing: the card is not ours any more.
  if (handle_ && !reset) PcscLibrary::Get().disconnect(handle_.Release(), scard::kLeaveCard);
  handle_.Reset();
  context_.Reset();
}

ScardHandleNumber PcscCard::Handle() const {
  if (!handle_) throw NativeError("CLOSED", "The connection to the card is closed");
  return handle_.get();
}

void PcscCard::Check(ScardResult result, const char* action) const {
  if (PcscCode(result) == scard::kSuccess) return;
  throw PcscError(result, std::string(action) + " the card in the reader " + reader_);
}

}  // namespace vsc
