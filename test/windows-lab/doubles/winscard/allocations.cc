#include "winscard/allocations.h"

#include <cstring>
#include <mutex>
#include <set>

namespace lab {
namespace {

std::mutex allocationsMutex;
std::set<const void*> allocations;

void* Allocate(size_t size) {
  void* const memory = HeapAlloc(GetProcessHeap(), 0, size);
  Require(memory, Code(SCARD_E_NO_MEMORY));
  const std::lock_guard<std::mutex> lock(allocationsMutex);
  allocations.insert(memory);
  return memory;
}

template <typename Unit>
void DeliverUnits(const Unit* value, size_t units, Unit* out, LPDWORD count) {
  Require(count, Code(SCARD_E_INVALID_PARAMETER));
  const DWORD room = *count;
  const bool allocate = room == SCARD_AUTOALLOCATE;
  Require(!allocate || out, Code(SCARD_E_INVALID_PARAMETER));
  *count = static_cast<DWORD>(units);
  if (!out) return;
  if (allocate) {
    // The memory may be freed even when there is nothing in it.
    void* const memory = Allocate(units * sizeof(Unit) + 1);
    std::memcpy(memory, value, units * sizeof(Unit));
    std::memcpy(out, &memory, sizeof memory);
    return;
  }
  Require(room >= units, Code(SCARD_E_INSUFFICIENT_BUFFER));
  std::memcpy(out, value, units * sizeof(Unit));
}

}  // namespace

void Deliver(const Bytes& value, LPBYTE out, LPDWORD count) {
  DeliverUnits(value.data(), value.size(), out, count);
}

void Deliver(const std::wstring& value, LPWSTR out, LPDWORD count) {
  DeliverUnits(value.data(), value.size(), out, count);
}

void FreeDelivered(const void* memory) {
  {
    const std::lock_guard<std::mutex> lock(allocationsMutex);
    Require(allocations.erase(memory) == 1, Code(SCARD_E_INVALID_PARAMETER));
  }
  HeapFree(GetProcessHeap(), 0, const_cast<void*>(memory));
}

}  // namespace lab
