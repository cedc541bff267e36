#pragma once

#include <optional>

#include "common/bytes.h"

namespace lab {

/** BER-TLV: one data object of a tag of one or two bytes. */
Bytes Tlv(uint32_t tag, const Bytes& value);

/**
 * The value of the first object with `tag` in a sequence of objects; nothing when there is none.
 * Throws StatusError for bytes that are not objects.
 */
std::optional<Bytes> FindTlv(const Bytes& objects, uint32_t tag);

}  // namespace lab
