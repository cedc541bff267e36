#include "card/status_word.h"

#include <windows.h>
#include <winscard.h>

namespace lab {

namespace {

long CodeOf(uint16_t statusWord) {
  if ((statusWord & 0xFFF0) == 0x63C0 && statusWord != 0x63C0) return SCARD_W_WRONG_CHV;
  switch (statusWord) {
    case 0x63C0:
      return SCARD_W_CHV_BLOCKED;
    case 0x6700:
      return SCARD_E_INVALID_PARAMETER;
    case 0x6982:
      return SCARD_W_SECURITY_VIOLATION;
    case 0x6983:
      return SCARD_W_CHV_BLOCKED;
    case 0x6985:
      return SCARD_W_SECURITY_VIOLATION;
    case 0x6A80:
      return SCARD_E_INVALID_PARAMETER;
    case 0x6A81:
      return SCARD_E_UNSUPPORTED_FEATURE;
    case 0x6A82:
      return SCARD_E_FILE_NOT_FOUND;
    case 0x6A84:
      return SCARD_E_WRITE_TOO_MANY;
    case 0x6A86:
      return SCARD_E_INVALID_PARAMETER;
    case 0x6A88:
      return SCARD_E_FILE_NOT_FOUND;
    case 0x6D00:
      return SCARD_E_UNSUPPORTED_FEATURE;
    default:
      return SCARD_E_UNEXPECTED;
  }
}

}  // namespace

CardError::CardError(uint16_t statusWord)
    : StatusError(static_cast<uint32_t>(CodeOf(statusWord))), statusWord_(statusWord) {}

std::optional<uint32_t> CardError::TriesLeft() const {
  if ((statusWord_ & 0xFFF0) == 0x63C0) return statusWord_ & 0xF;
  if (statusWord_ == 0x6983) return 0;
  return std::nullopt;
}

}  // namespace lab
