#include "node/transport_tasks.h"

namespace vsc {

void TransportTask::Settled(bool) {
  owner_.Settled();
}

void OpenTask::Settled(bool succeeded) {
  if (!succeeded) owner_.RefuseMore();
  TransportTask::Settled(succeeded);
}

void TransmitTask::Work(Transport& transport) {
  response_ = transport.Transmit(command_);
  command_.Clear();
}

Napi::Value TransmitTask::Result(Napi::Env env) {
  return Napi::Buffer<std::uint8_t>::Copy(env, response_.data(), response_.size());
}

void ForgetTask::Work(Transport& transport) {
  transport.Forget(values_);
  values_.clear();
}

}  // namespace vsc
