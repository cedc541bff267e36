#pragma once

#include <string>

#include "common/bytes.h"

namespace lab {

std::string ToBase64(const Bytes& bytes);
/** Throws std::runtime_error for anything but padded standard base64. */
Bytes FromBase64(const std::string& text);

}  // namespace lab
