#pragma once

#include <winscard.h>

#include <cstdint>
#include <string>
#include <vector>

namespace vsc {

/** A kind of card in the smart card service's data base, with the file of its module. */
struct CardType {
  std::wstring name;
  std::wstring module_file;
};

/** The answer to reset of the card that a handle is to. Throws NativeError. */
std::vector<std::uint8_t> CardAtr(SCARDHANDLE card);

/** The kinds with that answer to reset which have a module, in the data base's order. Throws
 * NativeError. */
std::vector<CardType> CardTypesOf(SCARDCONTEXT context, const std::vector<std::uint8_t>& atr);

}  // namespace vsc
