#pragma once

#include <windows.h>

#include <cstdint>
#include <string>

#include "common/bytes.h"

namespace lab {

/** Counts a difference as a failure and prints it with its line. */
void CheckEqual(const char* file, int line, const char* what, uint64_t actual, uint64_t expected);
void CheckTrue(const char* file, int line, const char* what, bool condition);

/** Exit code of a self-test: 0 without failures. Prints what was checked. */
int Finish();

/** A value of the environment, which the test that starts this program sets. */
std::wstring Setting(const wchar_t* name);
/** A setting of hexadecimal digits. */
Bytes BytesSetting(const wchar_t* name);
/** The same in ASCII bytes. */
Bytes AsciiSetting(const wchar_t* name);

/** Prints `name=hex`, for a check by a program that is not ours. */
void Report(const char* name, const Bytes& value);

}  // namespace lab

#define EQUAL(actual, expected)                                         \
  lab::CheckEqual(__FILE__, __LINE__, #actual,                          \
                  static_cast<uint64_t>(static_cast<uint32_t>(actual)), \
                  static_cast<uint64_t>(static_cast<uint32_t>(expected)))
#define TRUE_THAT(condition) \
  lab::CheckTrue(__FILE__, __LINE__, #condition, static_cast<bool>(condition))
