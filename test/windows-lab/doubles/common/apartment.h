#pragma once

#include <windows.h>

#include <objbase.h>

namespace lab {

/** The thread's apartment: "mta", "sta" or "none". */
inline const char* Apartment() {
  APTTYPE type;
  APTTYPEQUALIFIER qualifier;
  if (FAILED(CoGetApartmentType(&type, &qualifier))) return "none";
  return type == APTTYPE_MTA && qualifier == APTTYPEQUALIFIER_NONE ? "mta" : "sta";
}

}  // namespace lab
