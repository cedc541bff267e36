#include "card/pin_cache.h"

#include <map>
#include <mutex>

namespace lab {
namespace {

std::mutex pinsMutex;
std::map<Bytes, Bytes> pins;

}  // namespace

void PinCache::Set(const Bytes& cardId, const Bytes& pin) {
  const std::lock_guard<std::mutex> lock(pinsMutex);
  const auto found = pins.find(cardId);
  if (found != pins.end()) {
    Wipe(found->second);
    pins.erase(found);
  }
  if (!pin.empty()) pins.emplace(cardId, pin);
}

std::optional<Bytes> PinCache::Get(const Bytes& cardId) {
  const std::lock_guard<std::mutex> lock(pinsMutex);
  const auto found = pins.find(cardId);
  if (found == pins.end()) return std::nullopt;
  return found->second;
}

}  // namespace lab
