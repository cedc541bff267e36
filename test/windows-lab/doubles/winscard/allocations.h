#pragma once

#include "common/bytes.h"
#include "winscard/component.h"

namespace lab {

/**
 * Gives `value` (of bytes, or UTF-16 units where `Unit` is wchar_t) as the smart card functions do:
 * `*count` SCARD_AUTOALLOCATE puts the address of new memory where `out` points; `out` NULL asks
 * for the count. Throws StatusError(SCARD_E_INSUFFICIENT_BUFFER), with the count set.
 */
void Deliver(const Bytes& value, LPBYTE out, LPDWORD count);
void Deliver(const std::wstring& value, LPWSTR out, LPDWORD count);

/** Frees memory that Deliver allocated; throws StatusError for any other address. */
void FreeDelivered(const void* memory);

}  // namespace lab
