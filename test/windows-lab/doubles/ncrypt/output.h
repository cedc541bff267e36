#pragma once

#include <string>

#include "common/bytes.h"
#include "ncrypt/component.h"

namespace lab {

/**
 * Gives `value` as NCrypt functions do: `size` gets its size, and `out` the bytes unless it is
 * NULL. Throws StatusError: NTE_INVALID_PARAMETER without `size`, NTE_BUFFER_TOO_SMALL.
 */
void DeliverOutput(const Bytes& value, PBYTE out, DWORD room, DWORD* size);

/** A value as property bytes: a string with its NUL, a DWORD. */
Bytes StringBytes(const std::wstring& text);
Bytes NumberBytes(uint32_t value);

}  // namespace lab
