#include "selftest/check.h"

#include <atomic>
#include <cstdio>

namespace lab {
namespace {

std::atomic<int> checks{0};
std::atomic<int> failures{0};

int Digit(wchar_t c) {
  return c <= L'9' ? c - L'0' : (c | 0x20) - L'a' + 10;
}

}  // namespace

void CheckEqual(const char* file, int line, const char* what, uint64_t actual, uint64_t expected) {
  checks++;
  if (actual == expected) return;
  failures++;
  std::printf("FAILED %s:%d: %s is 0x%llX, not 0x%llX\n", file, line, what,
              static_cast<unsigned long long>(actual), static_cast<unsigned long long>(expected));
  std::fflush(stdout);
}

void CheckTrue(const char* file, int line, const char* what, bool condition) {
  checks++;
  if (condition) return;
  failures++;
  std::printf("FAILED %s:%d: %s\n", file, line, what);
  std::fflush(stdout);
}

int Finish() {
  std::printf("checks=%d failures=%d\n", checks.load(), failures.load());
  return failures == 0 ? 0 : 1;
}

std::wstring Setting(const wchar_t* name) {
  wchar_t value[4096];
  const DWORD length = GetEnvironmentVariableW(name, value, 4096);
  CheckTrue(__FILE__, __LINE__, "a setting is there", length > 0 && length < 4096);
  return std::wstring(value, length);
}

Bytes BytesSetting(const wchar_t* name) {
  const std::wstring text = Setting(name);
  Bytes bytes;
  for (size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes.push_back(static_cast<uint8_t>(Digit(text[at]) << 4 | Digit(text[at + 1])));
  }
  return bytes;
}

Bytes AsciiSetting(const wchar_t* name) {
  const std::wstring text = Setting(name);
  return Bytes(text.begin(), text.end());
}

void Report(const char* name, const Bytes& value) {
  std::printf("%s=", name);
  for (const uint8_t byte : value) std::printf("%02x", byte);
  std::printf("\n");
}

}  // namespace lab
