#pragma once

#include <windows.h>
#include <winscard.h>

#include <cstddef>

namespace lab {

struct CardData;

using AllocFunction = LPVOID(WINAPI*)(SIZE_T size);
using ReallocFunction = LPVOID(WINAPI*)(LPVOID memory, SIZE_T size);
using FreeFunction = void(WINAPI*)(LPVOID memory);
/** Any member whose signature the double has no use for. */
using OpaqueFunction = DWORD(WINAPI*)();

/** CARD_DATA of version 7, 64 bit, laid out from the offsets of the contract's section 7.3. */
struct CardData {
  DWORD version;
  PBYTE atr;
  DWORD atrSize;
  LPWSTR cardName;
  AllocFunction cspAlloc;
  ReallocFunction cspReAlloc;
  FreeFunction cspFree;
  OpaqueFunction cspCacheAddFile;
  OpaqueFunction cspCacheLookupFile;
  OpaqueFunction cspCacheDeleteFile;
  PVOID cacheContext;
  OpaqueFunction cspPadData;
  SCARDCONTEXT scardContext;
  SCARDHANDLE scard;
  PVOID vendorSpecific;
  DWORD(WINAPI* deleteContext)(CardData*);
  OpaqueFunction queryCapabilities;
  OpaqueFunction deleteContainer;
  OpaqueFunction createContainer;
  OpaqueFunction getContainerInfo;
  DWORD(WINAPI* authenticatePin)(CardData*, LPWSTR user, PBYTE pin, DWORD size, PDWORD attempts);
  DWORD(WINAPI* getChallenge)(CardData*, PBYTE* challenge, PDWORD size);
  DWORD(WINAPI* authenticateChallenge)(CardData*, PBYTE response, DWORD size, PDWORD attempts);
  DWORD(WINAPI* unblockPin)
  (CardData*, LPWSTR user, PBYTE authentication, DWORD authenticationSize, PBYTE newPin,
   DWORD newPinSize, DWORD retryCount, DWORD flags);
  DWORD(WINAPI* changeAuthenticator)
  (CardData*, LPWSTR user, PBYTE current, DWORD currentSize, PBYTE replacement,
   DWORD replacementSize, DWORD retryCount, DWORD flags, PDWORD attempts);
  DWORD(WINAPI* deauthenticate)(CardData*, LPWSTR user, DWORD flags);
  OpaqueFunction createDirectory;
  OpaqueFunction deleteDirectory;
  PVOID unused3;
  PVOID unused4;
  OpaqueFunction createFile;
  OpaqueFunction readFile;
  OpaqueFunction writeFile;
  OpaqueFunction deleteFile;
  OpaqueFunction enumFiles;
  OpaqueFunction getFileInfo;
  OpaqueFunction queryFreeSpace;
  OpaqueFunction queryKeySizes;
  OpaqueFunction signData;
  OpaqueFunction rsaDecrypt;
  OpaqueFunction constructDhAgreement;
  OpaqueFunction deriveKey;
  OpaqueFunction destroyDhAgreement;
  OpaqueFunction cspGetDhAgreement;
  OpaqueFunction getChallengeEx;
  OpaqueFunction authenticateEx;
  OpaqueFunction changeAuthenticatorEx;
  OpaqueFunction deauthenticateEx;
  OpaqueFunction getContainerProperty;
  OpaqueFunction setContainerProperty;
  DWORD(WINAPI* getProperty)
  (CardData*, LPCWSTR property, PBYTE data, DWORD size, PDWORD length, DWORD flags);
  OpaqueFunction setProperty;
  OpaqueFunction cspUnpadData;
  OpaqueFunction importSessionKeyOfHost;
  OpaqueFunction encryptDataOfHost;
  OpaqueFunction importSessionKey;
  OpaqueFunction getSharedKeyHandle;
  OpaqueFunction getAlgorithmProperty;
  OpaqueFunction getKeyProperty;
  OpaqueFunction setKeyProperty;
  OpaqueFunction destroyKey;
  OpaqueFunction processEncryptedData;
  OpaqueFunction createContainerEx;
};

static_assert(offsetof(CardData, atr) == 8);
static_assert(offsetof(CardData, cardName) == 24);
static_assert(offsetof(CardData, cspAlloc) == 32);
static_assert(offsetof(CardData, cspFree) == 48);
static_assert(offsetof(CardData, cacheContext) == 80);
static_assert(offsetof(CardData, scardContext) == 96);
static_assert(offsetof(CardData, scard) == 104);
static_assert(offsetof(CardData, deleteContext) == 120);
static_assert(offsetof(CardData, authenticatePin) == 160);
static_assert(offsetof(CardData, getChallenge) == 168);
static_assert(offsetof(CardData, authenticateChallenge) == 176);
static_assert(offsetof(CardData, unblockPin) == 184);
static_assert(offsetof(CardData, changeAuthenticator) == 192);
static_assert(offsetof(CardData, deauthenticate) == 200);
static_assert(offsetof(CardData, createFile) == 240);
static_assert(offsetof(CardData, queryFreeSpace) == 288);
static_assert(offsetof(CardData, cspGetDhAgreement) == 344);
static_assert(offsetof(CardData, getChallengeEx) == 352);
static_assert(offsetof(CardData, getProperty) == 400);
static_assert(offsetof(CardData, cspUnpadData) == 416);
static_assert(offsetof(CardData, createContainerEx) == 496);
static_assert(sizeof(CardData) == 504);

}  // namespace lab
