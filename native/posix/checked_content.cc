#include "posix/checked_content.h"

#include <cstring>

#include "node/native_error.h"

namespace vsc {

namespace {

constexpr char kFormat[] = "VSCTPM01";
constexpr std::size_t kFormatSize = sizeof(kFormat) - 1;
constexpr std::size_t kHeaderSize = kFormatSize + 8;

/** CRC-32 of ISO 3309, as zlib and Ethernet have it. */
std::uint32_t Crc32(const std::uint8_t* data, std::size_t size) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

void PutBigEndian(std::uint8_t* target, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) target[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

std::uint32_t GetBigEndian(const std::uint8_t* source) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = (value << 8) | source[i];
  return value;
}

NativeError Corrupt(const std::string& path, const std::string& reason) {
  return NativeError(kStateCorrupt, path + " is damaged: " + reason);
}

}  // namespace

SecretBuffer MakeCheckedContent(const std::uint8_t* data, std::size_t size) {
  SecretBuffer file(kHeaderSize + size);
  std::memcpy(file.data(), kFormat, kFormatSize);
  PutBigEndian(file.data() + kFormatSize, static_cast<std::uint32_t>(size));
  PutBigEndian(file.data() + kFormatSize + 4, Crc32(data, size));
  std::memcpy(file.data() + kHeaderSize, data, size);
  return file;
}

SecretBuffer TakeOutContent(const SecretBuffer& file, const std::string& path) {
  if (file.size() <= kHeaderSize || std::memcmp(file.data(), kFormat, kFormatSize) != 0) {
    throw Corrupt(path, "it does not begin as a state file does");
  }
  const std::uint8_t* content = file.data() + kHeaderSize;
  const std::size_t size = file.size() - kHeaderSize;
  if (GetBigEndian(file.data() + kFormatSize) != size) {
    throw Corrupt(path, "it holds " + std::to_string(size) + " bytes and should hold " +
                            std::to_string(GetBigEndian(file.data() + kFormatSize)));
  }
  if (GetBigEndian(file.data() + kFormatSize + 4) != Crc32(content, size)) {
    throw Corrupt(path, "its checksum is wrong");
  }
  return SecretBuffer(content, size);
}

}  // namespace vsc
