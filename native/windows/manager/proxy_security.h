#pragma once

#include <unknwn.h>

namespace vsc {

/**
 * Calls by this proxy are encrypted and let the server act as the caller. Every proxy has settings
 * of its own. An object that is no proxy, or a proxy that cannot be set so, stays as it is.
 */
void SecureProxy(IUnknown* proxy);

/**
 * COM's settings for this process, which are made once and by whoever comes first: every call
 * encrypted, and another machine may call back, for the status callback. False when the program has
 * made its own, which then hold.
 */
bool SecureProcess();

}  // namespace vsc
