#pragma once

#include <cstddef>
#include <string>

namespace vsc {

/** The longest name of a container, in UTF-16 units (cardmod.h: MAX_CONTAINER_NAME_LEN). */
constexpr std::size_t kLongestContainerName = 39;

/**
 * A container's name with its reader, `\\.\reader\container`: without the reader a provider takes
 * whichever card it finds first. An empty container names the reader alone.
 */
inline std::wstring FullContainerName(const std::wstring& reader, const std::wstring& container) {
  return L"\\\\.\\" + reader + L"\\" + container;
}

}  // namespace vsc
