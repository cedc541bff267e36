#pragma once

#include <optional>

#include "common/bytes.h"

namespace lab {

/** The PINs that the process gave for cards, by card id: Windows' cache of mode "normal". */
class PinCache {
 public:
  /** An empty PIN drops what is cached. */
  static void Set(const Bytes& cardId, const Bytes& pin);
  static std::optional<Bytes> Get(const Bytes& cardId);
};

}  // namespace lab
