#pragma once

#include <windows.h>

namespace lab {

/** The class for callers on this machine, and the one for callers from others. */
extern const CLSID kLocalManagerClass;
extern const CLSID kRemoteManagerClass;

/** Enters this program into the registry as the server of both classes. */
LSTATUS RegisterClasses();

}  // namespace lab
