#pragma once

#include <string>

#include "common/bytes.h"
#include "csp/component.h"

namespace lab {

/** Gives `value` as CryptoAPI does: `*size` is room and then length, `out` NULL asks:
 * ERROR_MORE_DATA. */
void DeliverData(const Bytes& value, BYTE* out, DWORD* size);

Bytes NumberData(uint32_t value);
/** With its NUL. */
Bytes StringData(const std::string& text);

/** CryptoAPI's names are of the ANSI code page. */
std::string Ansi(const std::wstring& text);
std::wstring FromAnsi(const char* text);

}  // namespace lab
