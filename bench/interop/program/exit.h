#pragma once

#include <cstdio>
#include <cstdlib>

/** Ends the program when something did not work; a benchmark goes no further than that. */
inline void Require(bool is_so, const char* what, unsigned long code = 0) {
  if (is_so) return;
  std::fprintf(stderr, "%s failed (%lx)\n", what, code);
  std::exit(1);
}
