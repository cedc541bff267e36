#pragma once

#include <objbase.h>

#include "windows/system/hresult_error.h"

namespace vsc {

/** Makes its thread part of the process's multithreaded apartment, to its end. */
class Apartment {
 public:
  Apartment() { CheckHresult(CoInitializeEx(nullptr, COINIT_MULTITHREADED), "start COM"); }
  ~Apartment() { CoUninitialize(); }

  Apartment(const Apartment&) = delete;
  Apartment& operator=(const Apartment&) = delete;
};

}  // namespace vsc
