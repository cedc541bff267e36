#include "ncrypt/objects.h"

#include <map>

namespace lab {
namespace {

// Handles of the two kinds are far apart, and none is used again.
constexpr NCRYPT_HANDLE kFirstProvider = 0x4B530000;
constexpr NCRYPT_HANDLE kFirstKey = 0x4B590000;

std::mutex objectsMutex;
std::map<NCRYPT_HANDLE, std::shared_ptr<Provider>> providers;
std::map<NCRYPT_HANDLE, std::shared_ptr<Key>> keys;
NCRYPT_HANDLE nextProvider = kFirstProvider;
NCRYPT_HANDLE nextKey = kFirstKey;

template <typename Objects>
auto FindIn(const Objects& objects, NCRYPT_HANDLE handle) {
  const std::lock_guard<std::mutex> lock(objectsMutex);
  const auto found = objects.find(handle);
  Require(found != objects.end(), Code(NTE_INVALID_HANDLE));
  return found->second;
}

}  // namespace

NCRYPT_PROV_HANDLE AddProvider(std::shared_ptr<Provider> provider) {
  const std::lock_guard<std::mutex> lock(objectsMutex);
  providers.emplace(nextProvider, std::move(provider));
  return nextProvider++;
}

NCRYPT_KEY_HANDLE AddKey(std::shared_ptr<Key> key) {
  const std::lock_guard<std::mutex> lock(objectsMutex);
  keys.emplace(nextKey, std::move(key));
  return nextKey++;
}

std::shared_ptr<Provider> FindProvider(NCRYPT_HANDLE handle) {
  return FindIn(providers, handle);
}
std::shared_ptr<Key> FindKey(NCRYPT_HANDLE handle) {
  return FindIn(keys, handle);
}

void FreeHandle(NCRYPT_HANDLE handle) {
  const std::lock_guard<std::mutex> lock(objectsMutex);
  Require(providers.erase(handle) + keys.erase(handle) == 1, Code(NTE_INVALID_HANDLE));
}

size_t OpenHandles() {
  const std::lock_guard<std::mutex> lock(objectsMutex);
  return providers.size() + keys.size();
}

bool IsProvider(NCRYPT_HANDLE handle) {
  const std::lock_guard<std::mutex> lock(objectsMutex);
  return providers.count(handle) == 1;
}

bool IsKey(NCRYPT_HANDLE handle) {
  const std::lock_guard<std::mutex> lock(objectsMutex);
  return keys.count(handle) == 1;
}

const CardKey& Finalized(const Key& key) {
  Require(key.card.has_value(), Code(NTE_BAD_KEY_STATE));
  return *key.card;
}

}  // namespace lab
