#pragma once

#include <vector>

#include "node/secret_buffer.h"

namespace vsc {

/**
 * Overwrites every copy of the values in the variables of the library that `address` lies in: its
 * writable segments with their zero-initialised part.
 */
void WipeInLibraryVariables(const void* address, const std::vector<SecretBuffer>& values);

/** Overwrites every copy of the values in this memory. */
void WipeIn(std::uint8_t* memory, std::size_t size, const std::vector<SecretBuffer>& values);

}  // namespace vsc
