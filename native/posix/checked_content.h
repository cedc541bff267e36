#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "node/secret_buffer.h"

namespace vsc {

/** Error code of a state file that is not what was stored. */
inline constexpr char kStateCorrupt[] = "STATE_CORRUPT";

/**
 * What a state file holds: 8 bytes that name the format, the content's size and its CRC-32 as four
 * big-endian bytes each, the content. libtpms itself would run on a state with flipped bits.
 */
SecretBuffer MakeCheckedContent(const std::uint8_t* data, std::size_t size);

/** The content again. Throws NativeError STATE_CORRUPT naming `path`. */
SecretBuffer TakeOutContent(const SecretBuffer& file, const std::string& path);

}  // namespace vsc
