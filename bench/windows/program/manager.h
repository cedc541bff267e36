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
