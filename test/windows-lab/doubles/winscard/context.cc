#include "winscard/context.h"

#include <map>

#include "winscard/card_handle.h"

namespace lab {
namespace {

// An address-like start, so that a context taken for a card handle is found out.
constexpr SCARDCONTEXT kFirst = 0xCD010000;

std::mutex contextsMutex;
std::map<SCARDCONTEXT, std::shared_ptr<Context>> contexts;
SCARDCONTEXT nextContext = kFirst;

}  // namespace

void Context::Begin(Wait* wait) {
  const std::lock_guard<std::mutex> lock(mutex_);
  waits_.insert(wait);
}

void Context::End(Wait* wait) {
  const std::lock_guard<std::mutex> lock(mutex_);
  waits_.erase(wait);
}

void Context::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Wait* wait : waits_) {
    wait->cancelled = true;
    wait->client.Abort();
  }
}

SCARDCONTEXT EstablishContext() {
  const std::lock_guard<std::mutex> lock(contextsMutex);
  const SCARDCONTEXT number = nextContext++;
  contexts.emplace(number, std::make_shared<Context>(number));
  return number;
}

std::shared_ptr<Context> FindContext(SCARDCONTEXT number) {
  const std::lock_guard<std::mutex> lock(contextsMutex);
  const auto found = contexts.find(number);
  Require(found != contexts.end(), Code(SCARD_E_INVALID_HANDLE));
  return found->second;
}

void ReleaseContext(SCARDCONTEXT number) {
  const std::shared_ptr<Context> context = FindContext(number);
  {
    const std::lock_guard<std::mutex> lock(contextsMutex);
    contexts.erase(number);
  }
  context->Cancel();
  CloseHandlesOf(number);
}

}  // namespace lab
