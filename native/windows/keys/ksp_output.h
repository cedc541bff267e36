#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "windows/keys/ncrypt_handle.h"

namespace vsc {

/** A function of ncrypt.dll that says its output's size when it is asked without room for it. */
using NcryptOutput = std::function<SECURITY_STATUS(PBYTE out, DWORD room, DWORD* size)>;

/** All of an output that may be of any length. Throws NativeError. */
std::vector<std::uint8_t> ReadOutput(const NcryptOutput& function, const std::string& action);

/** A property's value. Throws NativeError. */
std::vector<std::uint8_t> ReadProperty(const NcryptKey& key, const wchar_t* property,
                                       const std::string& action);

/** The string that a property's value is. */
std::wstring TextOf(const std::vector<std::uint8_t>& value);

}  // namespace vsc
