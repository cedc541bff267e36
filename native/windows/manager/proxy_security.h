#pragma once

#include <unknwn.h>

namespace vsc {

/**
 * Calls by this proxy are encrypted and let the server act as the caller. Every proxy has settings of
 * its own. An object that is no proxy, or a proxy that cannot be set so, stays as it is.
 */
void SecureProxy(IUnknown* proxy);

/**
 * Lets another machine call back, for the status callback: COM's settings for this process, made once
 * and by whoever comes first. If the program has made its own, those hold.
 */
void AllowCallbacks();

}  // namespace vsc
