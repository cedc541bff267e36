#pragma once

#include <memory>

#include "card/card_edge.h"
#include "card/card_files.h"
#include "common/call.h"
#include "minidriver/card_data.h"

namespace lab {

/** The SCARD_* constants are signed in the header. */
constexpr uint32_t Code(long value) {
  return static_cast<uint32_t>(value);
}

constexpr Component kMinidriver = {"minidriver", Code(SCARD_F_INTERNAL_ERROR),
                                   Code(SCARD_E_NO_SERVICE), Code(SCARD_E_READER_UNAVAILABLE)};

template <typename Body>
DWORD Minidriver(const char* call, Json::Object arguments, Body body) {
  return Enter(kMinidriver, call, std::move(arguments), body);
}

/** What pvVendorSpecific points to: the card through the caller's own SCARDHANDLE. */
class CardContext {
 public:
  explicit CardContext(SCARDHANDLE scard);

  CardEdge& edge() { return edge_; }
  CardFiles& files() { return files_; }

  /** The context of a CARD_DATA that CardAcquireContext filled: SCARD_E_INVALID_PARAMETER else. */
  static CardContext& Of(const CardData* data);

 private:
  CardEdge edge_;
  CardFiles files_;
};

}  // namespace lab
