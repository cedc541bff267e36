#include "ifd/readers.h"

#include <stdexcept>

namespace vsc::ifd {

namespace {

constexpr DWord kSlotMask = 0xFFFF;

}  // namespace

Readers& Readers::All() {
  static Readers* const all = new Readers();
  return *all;
}

void Readers::Open(DWord lun, const std::string& directory) {
  const DWord number = lun & kSlotMask;
  if (number >= kSlotCount) throw std::runtime_error("there is no slot " + std::to_string(number));
  Close(lun);
  auto slot = std::make_shared<Slot>(directory, static_cast<unsigned>(number));
  const std::lock_guard<std::mutex> lock(mutex_);
  slots_[lun] = std::move(slot);
}

void Readers::Close(DWord lun) {
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = slots_.find(lun);
    if (found == slots_.end()) return;
    slot = std::move(found->second);
    slots_.erase(found);
  }
  slot->Close();
}

std::shared_ptr<Slot> Readers::Find(DWord lun) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = slots_.find(lun);
  return found == slots_.end() ? nullptr : found->second;
}

}  // namespace vsc::ifd
