#pragma once

#include <windows.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

std::wstring Wide(const std::string& text);
std::string Utf8(const std::wstring& text);
std::vector<std::uint8_t> FromHex(const std::string& digits);
std::string ToHex(const std::vector<std::uint8_t>& bytes);

/** Throws a std::runtime_error that names the call, unless it succeeded. */
void Check(HRESULT result, const std::string& call);

}  // namespace bench
