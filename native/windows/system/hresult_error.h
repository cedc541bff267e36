#pragma once

#include <windows.h>

#include <string>

#include "node/native_error.h"

namespace vsc {

/**
 * "Could not list the readers: The Smart Card Resource Manager is not running. (0x8010001D)", with
 * the code HRESULT and the number itself. The one place where a code of the system becomes an
 * error; winscard's and TBS's codes have the form of an HRESULT, Win32's are brought into it.
 */
NativeError HresultError(HRESULT result, const std::string& action);

/** What GetLastError says, as an HRESULT; a failure also when it says nothing. */
HRESULT LastResult() noexcept;

/** An error of what GetLastError says. */
NativeError LastError(const std::string& action);

/** Throws when the call failed. */
void CheckHresult(HRESULT result, const std::string& action);

/** Throws when a function failed that returns 0, a Win32 code, or a code in an HRESULT's form. */
void CheckCode(LONG code, const std::string& action);

/** The system's own text, in English where it has it; empty when it knows none. */
std::string SystemText(HRESULT result);

}  // namespace vsc
