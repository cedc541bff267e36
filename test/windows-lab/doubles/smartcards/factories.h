#pragma once

#include <activation.h>

#include <string>

#include "smartcards/interfaces.h"

namespace lab {

/** The factory of a class of the Windows Runtime, which lives as long as the process; NULL when the
 * class is not one of the double's. */
IActivationFactory* FactoryOf(const std::wstring& className);

}  // namespace lab
