#include "ncrypt/output.h"

#include <cstring>

namespace lab {

void DeliverOutput(const Bytes& value, PBYTE out, DWORD room, DWORD* size) {
  Require(size, Code(NTE_INVALID_PARAMETER));
  *size = static_cast<DWORD>(value.size());
  if (!out) return;
  Require(room >= value.size(), Code(NTE_BUFFER_TOO_SMALL));
  std::memcpy(out, value.data(), value.size());
}

Bytes StringBytes(const std::wstring& text) {
  const uint8_t* const start = reinterpret_cast<const uint8_t*>(text.c_str());
  return Bytes(start, start + (text.size() + 1) * sizeof(wchar_t));
}

Bytes NumberBytes(uint32_t value) {
  Bytes bytes;
  AppendLittleEndian(bytes, value, 4);
  return bytes;
}

}  // namespace lab
