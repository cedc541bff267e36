#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ifd/ifd_handler.h"
#include "ifd/slot.h"

namespace vsc::ifd {

/** As many cards as a store may have; pcscd takes 16 readers in all. */
constexpr Byte kSlotCount = 10;

/** The open slots by pcscd's logical unit numbers: which reader, and which slot of it. */
class Readers {
 public:
  /** Those of this process. They are never destroyed: pcscd's threads may outlive its end. */
  static Readers& All();

  /** Throws std::runtime_error. */
  void Open(DWord lun, const std::string& directory);
  void Close(DWord lun);

  /** Null when it is not open. */
  std::shared_ptr<Slot> Find(DWord lun);

 private:
  std::mutex mutex_;
  std::map<DWord, std::shared_ptr<Slot>> slots_;
};

}  // namespace vsc::ifd
