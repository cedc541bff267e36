#pragma once

#include <string>

namespace bench {

/** The device nodes of readers below ROOT, each with its instance id and its friendly name. */
void ListDevices();

/** A card that programs share, until it is let go of with a reset. */
class OpenCard {
 public:
  /** Looks through the readers for the one with that device instance id, and connects. */
  explicit OpenCard(const std::wstring& instance_id);
  ~OpenCard();

  OpenCard(const OpenCard&) = delete;
  OpenCard& operator=(const OpenCard&) = delete;

 private:
  ULONG_PTR context_ = 0;
  ULONG_PTR card_ = 0;
};

}  // namespace bench
