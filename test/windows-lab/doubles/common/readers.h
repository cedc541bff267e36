#pragma once

#include <string>
#include <vector>

namespace lab {

/** A reader as the resource manager knows it. */
struct Reader {
  std::wstring name;
  std::wstring instanceId;
  /** SCARD_READER_TYPE_*: 0x80 for a TPM virtual smart card. */
  unsigned long deviceType;
  bool hasCard;
};

/** All readers, in the forwarder's order. Throws ForwarderError. */
std::vector<Reader> ListReaders();

/** A reader by its name; throws StatusError(SCARD_E_UNKNOWN_READER). */
Reader FindReader(const std::wstring& name);

}  // namespace lab
