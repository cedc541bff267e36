#pragma once

#include <memory>

#include "card/card_keys.h"
#include "ncrypt/component.h"

namespace lab {

/** What ppEnumState stands for: the keys that are still to come. */
struct Enumeration {
  std::vector<CardKey> keys;
  size_t next = 0;
};

/** Memory that NCryptFreeBuffer frees: one block, the strings after the structure. */
NCryptKeyName* NewKeyName(const CardKey& key);
Enumeration* NewEnumeration(std::vector<CardKey> keys);
/** Throws StatusError(NTE_INVALID_PARAMETER) for what is not such a state. */
Enumeration& FindEnumeration(void* state);
/** Throws StatusError(NTE_INVALID_PARAMETER) for any other address. */
void FreeBuffer(void* buffer);
/** How many of them this process has. */
size_t OpenBuffers();

}  // namespace lab
