#pragma once

#include <chrono>

/** Milliseconds since it was made. */
class Stopwatch {
 public:
  double Elapsed() const {
    const auto elapsed = std::chrono::steady_clock::now() - began_;
    return std::chrono::duration<double, std::milli>(elapsed).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};
