#pragma once

#include <windows.h>

#include <string>

namespace bench {

/** The time since it was made. */
class Stopwatch {
 public:
  Stopwatch() : started_(Now()) {}

  /** An answer's line: the microseconds so far, and what was brought. */
  std::string Answer(const std::string& value) const {
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    const double ticks = static_cast<double>(stopped_ - started_);
    return std::to_string(ticks * 1e6 / static_cast<double>(frequency.QuadPart)) + '\t' + value;
  }

  void Stop() { stopped_ = Now(); }

 private:
  static LONGLONG Now() {
    LARGE_INTEGER counter;
    QueryPerformanceCounter(&counter);
    return counter.QuadPart;
  }

  LONGLONG started_;
  LONGLONG stopped_ = 0;
};

}  // namespace bench
