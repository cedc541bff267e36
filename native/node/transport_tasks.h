#pragma once

#include <napi.h>

#include <vector>

#include "node/task.h"
#include "node/transport_object.h"

namespace vsc {

/** A task of a transport object, which lives as long as it has one. */
class TransportTask : public Task {
 public:
  TransportTask(Napi::Env env, TransportObject& owner) : Task(env), owner_(owner) {}

 protected:
  void Settled(bool succeeded) override;

  TransportObject& owner_;
};

class OpenTask final : public TransportTask {
 public:
  using TransportTask::TransportTask;

 protected:
  void Work(Transport& transport) override { transport.Open(); }
  Napi::Value Result(Napi::Env) override { return owner_.Value(); }
  void Settled(bool succeeded) override;
};

class TransmitTask final : public TransportTask {
 public:
  TransmitTask(Napi::Env env, TransportObject& owner, SecretBuffer command)
      : TransportTask(env, owner), command_(std::move(command)) {}

 protected:
  void Work(Transport& transport) override;
  Napi::Value Result(Napi::Env env) override;

 private:
  SecretBuffer command_;
  SecretBuffer response_;
};

class ForgetTask final : public TransportTask {
 public:
  ForgetTask(Napi::Env env, TransportObject& owner, std::vector<SecretBuffer> values)
      : TransportTask(env, owner), values_(std::move(values)) {}

 protected:
  void Work(Transport& transport) override;

 private:
  std::vector<SecretBuffer> values_;
};

class CloseTask final : public TransportTask {
 public:
  using TransportTask::TransportTask;

 protected:
  void Work(Transport& transport) override { transport.Close(); }
};

}  // namespace vsc
