#include "node/dead_stack.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "node/secret_buffer.h"

namespace vsc {

namespace {

// libtpms was seen to use 16 KB at most.
constexpr std::size_t kDepth = 64 * 1024;

void* (*const volatile copy)(void*, const void*, std::size_t) = std::memmove;

}  // namespace

void WipeDeadStack() noexcept {
  std::uint8_t dead[kDepth];
  Wipe(dead, sizeof(dead));
  // memmove picks its registers by length: these lengths load zeros into every one it uses.
  for (std::size_t length = 8; length <= 1024; length *= 2) copy(dead + 2048, dead, length);
}

}  // namespace vsc
