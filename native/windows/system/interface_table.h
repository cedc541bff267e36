#pragma once

#include <unknwn.h>

#include <cstddef>

namespace vsc {

/** What the table of any interface begins with. */
template <typename Self>
struct UnknownTable {
  HRESULT(STDMETHODCALLTYPE* QueryInterface)(Self*, REFIID, void**);
  ULONG(STDMETHODCALLTYPE* AddRef)(Self*);
  ULONG(STDMETHODCALLTYPE* Release)(Self*);
};

/** What the table of an interface for scripts, too, begins with. */
template <typename Self>
struct DispatchTable {
  UnknownTable<Self> unknown;
  /** GetTypeInfoCount, GetTypeInfo, GetIDsOfNames, Invoke: never called here. */
  void* for_scripts[4];
};

/** What the table of an interface of the Windows Runtime begins with. */
template <typename Self>
struct InspectableTable {
  UnknownTable<Self> unknown;
  /** GetIids, GetRuntimeClassName, GetTrustLevel: never called here. */
  void* for_inspection[3];
};

/** The size of one place in a table. */
constexpr std::size_t kSlot = sizeof(void*);

static_assert(offsetof(UnknownTable<IUnknown>, QueryInterface) == 0 * kSlot);
static_assert(offsetof(UnknownTable<IUnknown>, AddRef) == 1 * kSlot);
static_assert(offsetof(UnknownTable<IUnknown>, Release) == 2 * kSlot);
static_assert(sizeof(UnknownTable<IUnknown>) == 3 * kSlot);
static_assert(sizeof(DispatchTable<IUnknown>) == 7 * kSlot);
static_assert(sizeof(InspectableTable<IUnknown>) == 6 * kSlot);

}  // namespace vsc
