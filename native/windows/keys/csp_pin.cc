#include "windows/keys/csp_pin.h"

#include <algorithm>

#include "windows/keys/csp_context.h"
#include "windows/system/wide_string.h"

namespace vsc {

namespace {

HRESULT SetPin(const CryptProvider& context, DWORD parameter, const BYTE* pin) noexcept {
  return CryptOutcome(CryptSetProvParam(context.get(), parameter, pin, 0));
}

}  // namespace

CspPin::CspPin(const CryptProvider& context, DWORD key_spec, const std::wstring& reader,
               HRESULT& left)
    : context_(context),
      // Both name the user's PIN of the card; a provider may look at the one of the key's kind
      // only.
      parameter_(key_spec == AT_SIGNATURE ? PP_SIGNATURE_PIN : PP_KEYEXCHANGE_PIN),
      reader_(reader),
      left_(left) {}

void CspPin::Give(const SecretBuffer& pin) {
  SecretBuffer text(pin.size() + 1);
  std::copy(pin.data(), pin.data() + pin.size(), text.data());
  text.data()[pin.size()] = '\0';
  CheckHresult(SetPin(context_, parameter_, text.data()),
               "give the provider the PIN of the card in the reader " + ToUtf8(reader_));
}

CspPin::~CspPin() {
  if (context_ && Drop() == S_OK) return;
  // What keeps this context from it (a reset, a container that is gone) need not keep a new one.
  left_ = DropByCard();
}

HRESULT CspPin::Drop() const noexcept {
  // NULL and not an empty PIN, which a provider may take for a wrong one and try on the card.
  return SetPin(context_, parameter_, nullptr);
}

HRESULT CspPin::DropByCard() const noexcept {
  CryptProvider card;
  const HRESULT result = AcquireCardOfCsp(card, reader_);
  return result == S_OK ? SetPin(card, parameter_, nullptr) : result;
}

}  // namespace vsc
