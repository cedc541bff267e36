// vitest's bundler asks for random numbers by a function that Windows has and Wine 8 has not.
#include <windows.h>

// Needs what the one above has declared.
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
  return RtlGenRandom(data, (ULONG)size);
}
