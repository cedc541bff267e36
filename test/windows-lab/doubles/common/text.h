#pragma once

#include <string>

namespace lab {

std::string Utf8(const std::wstring& text);
std::wstring Wide(const std::string& utf8);

/** As Windows compares reader and property names: without regard to case. */
bool SameName(const std::wstring& left, const std::wstring& right);

}  // namespace lab
