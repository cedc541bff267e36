#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Signing {
  std::wstring reader;
  std::wstring container;
  std::wstring pin;
  std::vector<std::uint8_t> hash;
};

/**
 * Opens the Smart Card Key Storage Provider and the key, gives the PIN, signs, takes the PIN out of
 * the provider's cache, and frees both; silently.
 */
std::string Sign(const Signing& signing);

}  // namespace bench
