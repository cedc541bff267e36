#pragma once

#include <cstdint>
#include <vector>

namespace lab {

using Bytes = std::vector<uint8_t>;

/** Overwrites what must not stay in memory; the compiler may not leave it out. */
inline void Wipe(Bytes& bytes) {
  volatile uint8_t* at = bytes.data();
  for (size_t i = 0; i < bytes.size(); i++) at[i] = 0;
  bytes.clear();
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline uint32_t LittleEndian32(const uint8_t* at) {
  return at[0] | at[1] << 8 | at[2] << 16 | static_cast<uint32_t>(at[3]) << 24;
}

inline uint16_t LittleEndian16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] | at[1] << 8);
}

inline void AppendLittleEndian(Bytes& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace lab
