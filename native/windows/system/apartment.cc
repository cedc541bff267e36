#include "windows/system/apartment.h"

#include <objbase.h>

#include <future>
#include <thread>

#include "windows/system/hresult_error.h"

namespace vsc {

namespace {

/** Starts a thread that is in the apartment and never leaves it, nor ends before the process. */
HRESULT KeepApartment() {
  std::promise<HRESULT> entered;
  std::future<HRESULT> result = entered.get_future();
  std::thread([entered = std::move(entered)]() mutable {
    const HRESULT entering = CoInitializeEx(nullptr, COINIT_MULTITHREADED);
    entered.set_value(entering);
    if (SUCCEEDED(entering)) Sleep(INFINITE);
  }).detach();
  return result.get();
}

}  // namespace

Apartment::Apartment() {
  static const HRESULT kept = KeepApartment();
  CheckHresult(kept, "start COM");
  CheckHresult(CoInitializeEx(nullptr, COINIT_MULTITHREADED), "start COM");
}

Apartment::~Apartment() {
  CoUninitialize();
}

}  // namespace vsc
