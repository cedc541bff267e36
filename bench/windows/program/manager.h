#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tpmvscmgr.h"

namespace bench {

struct NewCard {
  std::wstring name;
  std::string pin;
  std::vector<std::uint8_t> admin_key;
  std::vector<std::uint8_t> kcv;
};

/** Activates the manager, has it make a card with a file system, and lets go of it. */
std::string CreateCard(const NewCard& card);

/**
 * Lists the devices, makes a card in the same way, looks for its reader among readers and devices,
 * and connects to it; the card is let go of when the time was taken.
 */
std::string CreateAndOpenCard(const NewCard& card);

/** Activates the manager, has it destroy the card, and lets go of it. */
std::string DestroyCard(const std::wstring& instance_id);

/** Activates the manager and has it to the end of the process. */
std::string KeepManager();

}  // namespace bench
