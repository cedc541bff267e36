#pragma once

#include <cstdio>
#include <exception>

#include "server/failure.h"
#include "tpmvscmgr.h"

namespace lab {

/**
 * The frame of every method: turns what `body` throws into reported errors and an HRESULT.
 * `overallError` is reported for what the lab itself has got wrong.
 */
template <typename Body>
HRESULT Guarded(ITpmVirtualSmartCardManagerStatusCallback* callback, int overallError, Body body) {
  const auto report = [callback](int error) {
    if (callback) callback->ReportError(static_cast<TPMVSCMGR_ERROR>(error));
  };
  try {
    body();
    return S_OK;
  } catch (const Failure& failure) {
    for (const int error : failure.errors()) report(error);
    return failure.result();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "com double: %s\n", error.what());
    report(overallError);
    return E_UNEXPECTED;
  }
}

}  // namespace lab
