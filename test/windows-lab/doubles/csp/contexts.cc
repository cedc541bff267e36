#include "csp/contexts.h"

#include <atomic>
#include <set>

namespace lab {
namespace {

std::mutex contextsMutex;
std::map<HCRYPTPROV, std::shared_ptr<CspContext>> contexts;
std::atomic<ULONG_PTR> lastHandle{0x43530000};

std::mutex emptyMutex;
std::set<std::pair<std::wstring, std::wstring>> emptyContainers;

}  // namespace

void EmptyContainers::Add(const std::wstring& reader, const std::wstring& container) {
  const std::lock_guard<std::mutex> lock(emptyMutex);
  emptyContainers.emplace(reader, container);
}

bool EmptyContainers::Has(const std::wstring& reader, const std::wstring& container) {
  const std::lock_guard<std::mutex> lock(emptyMutex);
  return emptyContainers.count({reader, container}) != 0;
}

bool EmptyContainers::Remove(const std::wstring& reader, const std::wstring& container) {
  const std::lock_guard<std::mutex> lock(emptyMutex);
  return emptyContainers.erase({reader, container}) != 0;
}

LockedContext::LockedContext(HCRYPTPROV handle) {
  {
    const std::lock_guard<std::mutex> lock(contextsMutex);
    const auto found = contexts.find(handle);
    Require(found != contexts.end(), Code(NTE_BAD_UID));
    context_ = found->second;
  }
  lock_ = std::unique_lock<std::mutex>(context_->mutex);
}

const CardKey& LockedContext::Key(HCRYPTKEY key) const {
  const auto found = context_->keys.find(key);
  Require(found != context_->keys.end(), Code(NTE_BAD_KEY));
  return found->second;
}

HashObject& LockedContext::HashOf(HCRYPTHASH hash) const {
  const auto found = context_->hashes.find(hash);
  Require(found != context_->hashes.end(), Code(NTE_BAD_HASH));
  return found->second;
}

HCRYPTPROV AddContext(std::shared_ptr<CspContext> context) {
  const std::lock_guard<std::mutex> lock(contextsMutex);
  const HCRYPTPROV handle = NextHandle();
  contexts.emplace(handle, std::move(context));
  return handle;
}

void RemoveContext(HCRYPTPROV handle) {
  const std::lock_guard<std::mutex> lock(contextsMutex);
  Require(contexts.erase(handle) == 1, Code(NTE_BAD_UID));
}

Json::Object OpenHandles(HCRYPTPROV handle) {
  const std::lock_guard<std::mutex> lock(contextsMutex);
  const auto found = contexts.find(handle);
  const bool isOpen = found != contexts.end();
  const auto count = [](size_t size) { return static_cast<double>(size); };
  return {{"contexts", count(contexts.size())},
          {"keys", isOpen ? count(found->second->keys.size()) : 0},
          {"hashes", isOpen ? count(found->second->hashes.size()) : 0}};
}

ULONG_PTR NextHandle() {
  return ++lastHandle;
}

}  // namespace lab
