#include "csp/output.h"

#include <cstring>

namespace lab {

void DeliverData(const Bytes& value, BYTE* out, DWORD* size) {
  Require(size, ERROR_INVALID_PARAMETER);
  const DWORD room = *size;
  *size = static_cast<DWORD>(value.size());
  if (!out) return;
  Require(room >= value.size(), ERROR_MORE_DATA);
  std::memcpy(out, value.data(), value.size());
}

Bytes NumberData(uint32_t value) {
  Bytes bytes;
  AppendLittleEndian(bytes, value, 4);
  return bytes;
}

Bytes StringData(const std::string& text) {
  Bytes bytes(text.begin(), text.end());
  bytes.push_back(0);
  return bytes;
}

std::string Ansi(const std::wstring& text) {
  const int size = WideCharToMultiByte(CP_ACP, 0, text.c_str(), -1, nullptr, 0, nullptr, nullptr);
  std::string out(size, '\0');
  WideCharToMultiByte(CP_ACP, 0, text.c_str(), -1, out.data(), size, nullptr, nullptr);
  out.pop_back();
  return out;
}

std::wstring FromAnsi(const char* text) {
  const int size = MultiByteToWideChar(CP_ACP, 0, text, -1, nullptr, 0);
  std::wstring out(size, L'\0');
  MultiByteToWideChar(CP_ACP, 0, text, -1, out.data(), size);
  out.pop_back();
  return out;
}

}  // namespace lab
