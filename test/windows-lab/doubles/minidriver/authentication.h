#pragma once

#include "minidriver/card_data.h"

namespace lab {

DWORD WINAPI CardAuthenticatePin(CardData* data, LPWSTR user, PBYTE pin, DWORD size,
                                 PDWORD attempts);
DWORD WINAPI CardGetChallenge(CardData* data, PBYTE* challenge, PDWORD size);
DWORD WINAPI CardAuthenticateChallenge(CardData* data, PBYTE response, DWORD size, PDWORD attempts);
DWORD WINAPI CardUnblockPin(CardData* data, LPWSTR user, PBYTE authentication,
                            DWORD authenticationSize, PBYTE newPin, DWORD newPinSize,
                            DWORD retryCount, DWORD flags);
DWORD WINAPI CardChangeAuthenticator(CardData* data, LPWSTR user, PBYTE current, DWORD currentSize,
                                     PBYTE replacement, DWORD replacementSize, DWORD retryCount,
                                     DWORD flags, PDWORD attempts);
DWORD WINAPI CardDeauthenticate(CardData* data, LPWSTR user, DWORD flags);

}  // namespace lab
