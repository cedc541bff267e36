#pragma once

#include <string>

#include "windows/manager/tpmvscmgr.h"
#include "windows/system/com_ptr.h"

namespace vsc {

/** Where the manager is, and what may be done to get it. */
struct ManagerAddress {
  /** Another machine; empty for this one. */
  std::wstring machine;
  /** Whether Windows may ask the user for an administrator's consent. */
  bool allow_elevation_prompt = false;
};

using ManagerPtr = ComPtr<tpmvsc::Manager>;

/**
 * The manager's interface `id` (kManager, kManager2 or kManager3), on a thread in the multithreaded
 * apartment. Throws NativeError.
 */
ManagerPtr ActivateManager(const ManagerAddress& address, REFIID id);

}  // namespace vsc
