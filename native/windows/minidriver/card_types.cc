#include "windows/minidriver/card_types.h"

#include <algorithm>
#include <functional>

#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"
#include "windows/winscard/winscard_library.h"

namespace vsc {

namespace {

/** SCARD_PROVIDER_CARD_MODULE, which not every compiler's winscard.h has. */
constexpr DWORD kCardModule = 0x80000001;
/** ISO 7816-3, 8.2. */
constexpr DWORD kLongestAtr = 33;
/** The data base may grow between the question for the length and the one for the text. */
constexpr int kTries = 3;

/** The text of a function that tells its length when it gets no room for it. */
LONG ReadText(const std::function<LONG(wchar_t*, DWORD*)>& read, std::wstring& text) {
  LONG result = SCARD_S_SUCCESS;
  for (int i = 0; i < kTries; ++i) {
    DWORD length = 0;
    result = read(nullptr, &length);
    if (result != SCARD_S_SUCCESS) break;
    text.assign(length, L'\0');
    result = read(text.data(), &length);
    text.resize(std::min<std::size_t>(length, text.size()));
    if (result != SCARD_E_INSUFFICIENT_BUFFER) break;
  }
  return result;
}

}  // namespace

std::vector<std::uint8_t> CardAtr(SCARDHANDLE card) {
  std::vector<std::uint8_t> atr(kLongestAtr + 3);
  DWORD size = static_cast<DWORD>(atr.size());
  DWORD state = 0;
  DWORD protocol = 0;
  CheckCode(
      WinscardLibrary::Get().Status(card, nullptr, nullptr, &state, &protocol, atr.data(), &size),
      "read the card's answer to reset");
  atr.resize(size);
  return atr;
}

std::vector<CardType> CardTypesOf(SCARDCONTEXT context, const std::vector<std::uint8_t>& atr) {
  const WinscardLibrary& winscard = WinscardLibrary::Get();
  // The function gets no length: it finds the end by the answer itself, which a broken one lacks.
  std::vector<std::uint8_t> padded(atr);
  padded.resize(kLongestAtr + 3);
  std::wstring names;
  CheckCode(ReadText(
                [&](wchar_t* text, DWORD* length) {
                  return winscard.ListCards(context, padded.data(), nullptr, 0, text, length);
                },
                names),
            "find the card's kind");
  std::vector<CardType> types;
  for (const std::wstring& name : SplitMultiString(names.data(), names.size())) {
    std::wstring file;
    // A kind without a module is no error, and there are more codes for that than are documented.
    const LONG result = ReadText(
        [&](wchar_t* text, DWORD* length) {
          return winscard.GetCardTypeProviderName(context, name.c_str(), kCardModule, text, length);
        },
        file);
    file.resize(std::min(file.size(), file.find(L'\0')));
    if (result == SCARD_S_SUCCESS && !file.empty()) types.push_back({name, file});
  }
  return types;
}

}  // namespace vsc
