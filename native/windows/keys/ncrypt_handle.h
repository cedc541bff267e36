#pragma once

#include "node/unique_handle.h"
#include "windows/keys/ncrypt_library.h"

namespace vsc {

struct NcryptObjectTraits {
  using Type = NCRYPT_HANDLE;
  static Type None() { return 0; }
  static void Close(Type object) noexcept { NcryptLibrary::Get().FreeObject(object); }
};

/** A provider, and a key of one. A key goes before its provider. */
using NcryptProvider = UniqueHandle<NcryptObjectTraits>;
using NcryptKey = UniqueHandle<NcryptObjectTraits>;

template <typename Memory>
struct NcryptMemoryTraits {
  using Type = Memory*;
  static Type None() { return nullptr; }
  static void Close(Type memory) noexcept { NcryptLibrary::Get().FreeBuffer(memory); }
};

/** Memory that ncrypt.dll allocated. */
template <typename Memory>
using NcryptMemory = UniqueHandle<NcryptMemoryTraits<Memory>>;

}  // namespace vsc
