#include "common/forwarder_channel.h"

#include "common/base64.h"
#include "common/text.h"

namespace lab {

ForwarderChannel::ForwarderChannel(const std::wstring& readerName) {
  const Json answer = client_.Request("connect", {{"readerName", Utf8(readerName)}});
  channel_ = answer.At("channel").Number();
  atr_ = FromBase64(answer.At("atr").String());
}

Bytes ForwarderChannel::Transmit(const Bytes& command) {
  const Json answer =
      client_.Request("transmit", {{"channel", channel_}, {"apdu", ToBase64(command)}});
  return FromBase64(answer.At("response").String());
}

void ForwarderChannel::Reset() {
  Request("resetChannel");
}
void ForwarderChannel::BeginTransaction() {
  Request("beginTransaction");
}
void ForwarderChannel::EndTransaction() {
  Request("endTransaction");
}

Json ForwarderChannel::Request(const char* method) {
  return client_.Request(method, {{"channel", channel_}});
}

}  // namespace lab
