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

/** Has the manager as long as it exists. */
class KeptManager {
 public:
  KeptManager();
  ~KeptManager();

  KeptManager(const KeptManager&) = delete;
  KeptManager& operator=(const KeptManager&) = delete;

 private:
  ITpmVirtualSmartCardManager* manager_;
};

}  // namespace bench
