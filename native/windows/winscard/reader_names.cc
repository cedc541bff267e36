#include "windows/winscard/reader_names.h"

#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

/** Readers may come between the question for the size and the one for the names. */
constexpr int kAttempts = 8;

}  // namespace

std::vector<std::wstring> ReaderNames(const ScardContext& context) {
  const WinscardLibrary& winscard = WinscardLibrary::Get();
  LONG result = SCARD_E_INSUFFICIENT_BUFFER;
  for (int attempt = 0; attempt < kAttempts && result == SCARD_E_INSUFFICIENT_BUFFER; ++attempt) {
    DWORD length = 0;
    result = winscard.ListReaders(context.get(), nullptr, nullptr, &length);
    if (result == SCARD_E_NO_READERS_AVAILABLE) return {};
    if (result != SCARD_S_SUCCESS) break;
    std::wstring names(length, L'\0');
    result = winscard.ListReaders(context.get(), nullptr, names.data(), &length);
    if (result == SCARD_E_NO_READERS_AVAILABLE) return {};
    if (result == SCARD_S_SUCCESS) return SplitMultiString(names.data(), length);
  }
  throw HresultError(HRESULT_FROM_WIN32(result), "list the smart card readers");
}

}  // namespace vsc
