#include "node/calls/pending_calls.h"

#include <utility>

#include "node/calls/call_threads.h"

namespace vsc {

std::shared_ptr<PendingCalls> PendingCalls::Install(Napi::Env env) {
  auto calls = std::make_shared<PendingCalls>(env);
  // Hooks run last in, first out: this one before that of the thread-safe function.
  env.AddCleanupHook(
      [](std::shared_ptr<PendingCalls>* self) {
        (*self)->Close();
        delete self;
      },
      new std::shared_ptr<PendingCalls>(calls));
  return calls;
}

PendingCalls::PendingCalls(Napi::Env env)
    : env_(env), function_(Function::New(env, "virtual-smartcard calls", 0, 1, this)) {
  function_.Unref(env);
}

Napi::Value PendingCalls::Start(Napi::Env env, std::shared_ptr<SystemCall> call,
                                Napi::Value on_event) {
  const std::uint64_t id = ++last_id_;
  const auto self = shared_from_this();
  // JavaScript's side keeps itself until the environment ends, so a plain pointer is enough there.
  const auto line = std::make_shared<CallLine>(
      [self, id](CallEvent event) {
        self->Post([self = self.get(), id, event = std::move(event)](Napi::Env now) {
          self->Event(now, id, event);
        });
      },
      [self, id] {
        self->Post([self = self.get(), id](Napi::Env now) { self->Finished(now, id); });
      });

  Pending& pending = pending_.emplace(id, env).first->second;
  pending.call = call;
  pending.line = line;
  if (on_event.IsFunction()) pending.on_event = Napi::Persistent(on_event.As<Napi::Function>());
  const Napi::Promise promise = pending.deferred.Promise();
  try {
    CallThreads::Run([self, id, call, line] { Run(self, id, call, line); });
  } catch (...) {
    pending_.erase(id);
    throw;
  }
  if (unsettled_++ == 0) function_.Ref(env);

  Napi::Object handle = Napi::Object::New(env);
  handle.Set("result", promise);
  handle.Set("cancel",
             Napi::Function::New(env, [self, id](const Napi::CallbackInfo&) { self->Cancel(id); }));
  handle.Set("abandon", Napi::Function::New(env, [self, id](const Napi::CallbackInfo& info) {
               self->Abandon(info.Env(), id);
             }));
  return handle;
}

void PendingCalls::Run(const std::shared_ptr<PendingCalls>& calls, std::uint64_t id,
                       const std::shared_ptr<SystemCall>& call,
                       const std::shared_ptr<CallLine>& line) noexcept {
  bool succeeded = false;
  try {
    call->Work(*line);
    succeeded = true;
  } catch (...) {
    const NativeError error = CurrentError();
    const std::lock_guard<std::mutex> lock(calls->mutex_);
    calls->errors_.emplace(id, error);
  }
  const bool taken = line->OfferResult();
  if (succeeded && !taken) call->TakeBack(*line);
  // Letting go of a system object may take for ever, too, so JavaScript has its result by now.
  call->End();
  calls->Post([self = calls.get(), id](Napi::Env env) { self->Ended(env, id); });
}

void PendingCalls::Post(Letter letter) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return;
  letters_.push_back(std::move(letter));
  // Under the mutex: once Close has had it, Node's function may be gone.
  if (letters_.size() == 1) function_.NonBlockingCall();
}

void PendingCalls::Close() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    letters_.clear();
    function_.Release();
  }
  for (auto& [id, pending] : pending_) {
    pending.line->Close();
    pending.call->Cancel();
  }
  pending_.clear();
}

void PendingCalls::OnJavaScriptThread(Napi::Env env, Napi::Function, PendingCalls* self, void*) {
  // At teardown Node empties its queue without an environment to run JavaScript in.
  if (static_cast<napi_env>(env) == nullptr) return;
  try {
    self->OpenLetters(env);
  } catch (const Napi::Error&) {
    // A worker thread that is terminated runs no JavaScript any more; its cleanup does the rest.
  }
}

void PendingCalls::OpenLetters(Napi::Env env) {
  std::deque<Letter> letters;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    letters.swap(letters_);
  }
  const auto self = shared_from_this();
  for (const Letter& letter : letters) {
    const Napi::HandleScope scope(env);
    letter(env);
  }
}

void PendingCalls::Event(Napi::Env env, std::uint64_t id, const CallEvent& event) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  const auto line = found->second.line;
  if (!found->second.on_event.IsEmpty()) {
    const Napi::Value value = event.text.empty() ? Napi::Value(Napi::Number::New(env, event.number))
                                                 : Napi::Value(Napi::String::New(env, event.text));
    try {
      found->second.on_event.Value().Call({Napi::String::New(env, event.name), value});
    } catch (const Napi::Error& error) {
      // As for any callback that throws: the program's uncaughtException hears of it.
      napi_fatal_exception(env, error.Value());
    }
  }
  line->EventHandled();
}

void PendingCalls::Finished(Napi::Env env, std::uint64_t id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  std::optional<NativeError> error;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto failure = errors_.find(id);
    if (failure != errors_.end()) {
      error = failure->second;
      errors_.erase(failure);
    }
  }
  Settle(env, pending, [&] {
    try {
      if (error) throw ToJavaScript(env, *error);
      pending.deferred.Resolve(pending.call->Result(env));
    } catch (const Napi::Error& failure) {
      pending.deferred.Reject(failure.Value());
    }
  });
  pending.line->ResultTaken();
}

void PendingCalls::Ended(Napi::Env, std::uint64_t id) {
  pending_.erase(id);
  const std::lock_guard<std::mutex> lock(mutex_);
  errors_.erase(id);
}

void PendingCalls::Cancel(std::uint64_t id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  found->second.line->Cancel();
  found->second.call->Cancel();
}

void PendingCalls::Abandon(Napi::Env env, std::uint64_t id) {
  const auto found = pending_.find(id);
  if (found == pending_.end() || !found->second.line->Abandon()) return;
  Pending& pending = found->second;
  Settle(env, pending, [&] {
    const NativeError error("ABANDONED", "The call has not returned, and is waited for no longer");
    pending.deferred.Reject(ToJavaScript(env, error).Value());
  });
  pending.call->Cancel();
}

void PendingCalls::Settle(Napi::Env env, Pending& pending, const std::function<void()>& how) {
  if (pending.settled) return;
  pending.settled = true;
  how();
  if (--unsettled_ == 0) function_.Unref(env);
}

}  // namespace vsc
