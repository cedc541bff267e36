#include "minidriver/card_context.h"

namespace lab {
namespace {

constexpr DWORD kLongestAnswer = 258;

Bytes TransmitThrough(SCARDHANDLE scard, const Bytes& command) {
  const SCARD_IO_REQUEST protocol = {SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST)};
  Bytes answer(kLongestAnswer);
  DWORD size = kLongestAnswer;
  const LONG status =
      SCardTransmit(scard, &protocol, command.data(), static_cast<DWORD>(command.size()), nullptr,
                    answer.data(), &size);
  Require(status == SCARD_S_SUCCESS, Code(status));
  answer.resize(size);
  return answer;
}

}  // namespace

CardContext::CardContext(SCARDHANDLE scard)
    : edge_([scard](const Bytes& command) { return TransmitThrough(scard, command); }),
      files_(edge_) {}

CardContext& CardContext::Of(const CardData* data) {
  Require(data && data->vendorSpecific, Code(SCARD_E_INVALID_PARAMETER));
  return *static_cast<CardContext*>(data->vendorSpecific);
}

}  // namespace lab
