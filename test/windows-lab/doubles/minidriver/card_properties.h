#pragma once

#include "minidriver/card_data.h"

namespace lab {

DWORD WINAPI CardGetProperty(CardData* data, LPCWSTR property, PBYTE out, DWORD room, PDWORD length,
                             DWORD flags);

}  // namespace lab
