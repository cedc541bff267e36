#pragma once

#include "common/json.h"

namespace lab {

/** Carries one request of main.cc out. */
Json CallManager(const Json& request);

}  // namespace lab
