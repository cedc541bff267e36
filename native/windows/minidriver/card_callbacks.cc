#include "windows/minidriver/card_callbacks.h"

#include <algorithm>
#include <cstring>

#include "node/secret_buffer.h"

namespace vsc {

namespace {

void* WINAPI Allocate(SIZE_T size) {
  return HeapAlloc(GetProcessHeap(), 0, size);
}

void WINAPI Free(void* memory) {
  if (memory == nullptr) return;
  Wipe(memory, HeapSize(GetProcessHeap(), 0, memory));
  HeapFree(GetProcessHeap(), 0, memory);
}

/** Never by HeapReAlloc, which frees the old memory as it is. */
void* WINAPI Reallocate(void* memory, SIZE_T size) {
  void* const larger = Allocate(size);
  if (larger == nullptr || memory == nullptr) return larger;
  std::memcpy(larger, memory, std::min(size, HeapSize(GetProcessHeap(), 0, memory)));
  Free(memory);
  return larger;
}

DWORD WINAPI AddToCache(void*, WCHAR*, DWORD, BYTE*, DWORD) {
  return SCARD_S_SUCCESS;
}

DWORD WINAPI LookUpInCache(void*, WCHAR*, DWORD, BYTE**, DWORD*) {
  return static_cast<DWORD>(SCARD_E_FILE_NOT_FOUND);
}

DWORD WINAPI DeleteFromCache(void*, WCHAR*, DWORD) {
  return SCARD_S_SUCCESS;
}

DWORD WINAPI Pad(void*, DWORD, DWORD*, BYTE**) {
  return static_cast<DWORD>(SCARD_E_UNSUPPORTED_FEATURE);
}

}  // namespace

void SetCardCallbacks(CardData& data) {
  data.allocate = Allocate;
  data.reallocate = Reallocate;
  data.free = Free;
  data.cache_add = AddToCache;
  data.cache_look_up = LookUpInCache;
  data.cache_delete = DeleteFromCache;
  data.pad = Pad;
}

}  // namespace vsc
