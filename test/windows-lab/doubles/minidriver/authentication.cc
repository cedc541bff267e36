#include "minidriver/authentication.h"

#include <algorithm>
#include <string>

#include "common/text.h"
#include "common/triple_des.h"
#include "minidriver/card_context.h"

namespace lab {
namespace {

/** CARD_AUTHENTICATE_PIN_CHALLENGE_RESPONSE and CARD_AUTHENTICATE_PIN_PIN. */
constexpr DWORD kByChallenge = 1;
constexpr DWORD kByPin = 2;
constexpr size_t kResponseLength = 8;
constexpr size_t kAdminKeyLength = 24;
constexpr size_t kKeyCheckValueLength = 3;
/** The card does not tell the tries of its admin key. */
constexpr DWORD kUnknownAttempts = 0xFFFFFFFF;

constexpr uint32_t kBadArgument = Code(SCARD_E_INVALID_PARAMETER);

/** An authenticator that the caller gave; copied, as the card edge wipes what it sends. */
Bytes Given(const BYTE* bytes, DWORD size) {
  Require(bytes && size > 0, kBadArgument);
  return Bytes(bytes, bytes + size);
}

Json NameOf(LPCWSTR user) {
  return user ? Json(Utf8(user)) : Json();
}

bool Is(LPCWSTR user, const wchar_t* name) {
  return user && std::wstring(user) == name;
}

/** Runs a check of PIN or PUK and reports the tries that a failure leaves. */
template <typename Action>
void CountAttempts(PDWORD attempts, Action action) {
  try {
    action();
  } catch (const CardError& error) {
    if (attempts) *attempts = error.TriesLeft().value_or(kUnknownAttempts);
    throw;
  }
}

/** A response that the card refuses is a wrong authenticator, whatever the status word. */
void AnswerChallenge(CardContext& context, const Bytes& response) {
  Require(response.size() == kResponseLength, kBadArgument);
  try {
    context.edge().AnswerAdminChallenge(response);
  } catch (const CardError& error) {
    Require(error.statusWord() != 0x6982, Code(SCARD_W_WRONG_CHV));
    throw;
  }
}

void ChangePin(CardContext& context, Bytes current, Bytes replacement, PDWORD attempts) {
  context.edge().SelectApplet();
  CountAttempts(attempts, [&] { context.edge().ChangePin(current, replacement); });
}

void ChangeAdminKey(CardContext& context, const Bytes& response, const Bytes& key,
                    PDWORD attempts) {
  Require(key.size() == kAdminKeyLength, kBadArgument);
  if (attempts) *attempts = kUnknownAttempts;
  AnswerChallenge(context, response);
  Bytes keyCheckValue = TripleDesBlock(key, Bytes(8, 0));
  keyCheckValue.resize(kKeyCheckValueLength);
  context.edge().SetAdminKey(key, keyCheckValue);
}

}  // namespace

DWORD WINAPI CardAuthenticatePin(CardData* data, LPWSTR user, PBYTE pin, DWORD size,
                                 PDWORD attempts) {
  return Minidriver("CardAuthenticatePin", {{"user", NameOf(user)}}, [&] {
    CardContext& context = CardContext::Of(data);
    Require(Is(user, L"user"), kBadArgument);
    const Bytes given = Given(pin, size);
    context.edge().SelectApplet();
    CountAttempts(attempts, [&] { context.edge().VerifyPin(given); });
  });
}

DWORD WINAPI CardGetChallenge(CardData* data, PBYTE* challenge, PDWORD size) {
  return Minidriver("CardGetChallenge", {}, [&] {
    CardContext& context = CardContext::Of(data);
    Require(challenge && size, kBadArgument);
    context.edge().SelectApplet();
    const Bytes given = context.edge().AdminChallenge();
    *challenge = static_cast<PBYTE>(data->cspAlloc(given.size()));
    Require(*challenge, Code(SCARD_E_NO_MEMORY));
    std::copy(given.begin(), given.end(), *challenge);
    *size = static_cast<DWORD>(given.size());
  });
}

DWORD WINAPI CardAuthenticateChallenge(CardData* data, PBYTE response, DWORD size,
                                       PDWORD attempts) {
  return Minidriver("CardAuthenticateChallenge", {}, [&] {
    CardContext& context = CardContext::Of(data);
    if (attempts) *attempts = kUnknownAttempts;
    AnswerChallenge(context, Given(response, size));
  });
}

DWORD WINAPI CardUnblockPin(CardData* data, LPWSTR user, PBYTE authentication,
                            DWORD authenticationSize, PBYTE newPin, DWORD newPinSize,
                            DWORD retryCount, DWORD flags) {
  Json::Object arguments = {{"user", NameOf(user)}, {"flags", flags}, {"retryCount", retryCount}};
  return Minidriver("CardUnblockPin", std::move(arguments), [&] {
    CardContext& context = CardContext::Of(data);
    Require(Is(user, L"user"), kBadArgument);
    Require(flags == kByChallenge || flags == kByPin, kBadArgument);
    // The card's number of tries is fixed: it can only be left as it is.
    Require(retryCount == 0, Code(SCARD_E_UNSUPPORTED_FEATURE));
    const Bytes given = Given(authentication, authenticationSize);
    const Bytes pin = Given(newPin, newPinSize);
    if (flags == kByChallenge) {
      AnswerChallenge(context, given);
      context.edge().ResetPin(pin);
    } else {
      context.edge().SelectApplet();
      context.edge().ResetPinByPuk(given, pin);
    }
  });
}

DWORD WINAPI CardChangeAuthenticator(CardData* data, LPWSTR user, PBYTE current, DWORD currentSize,
                                     PBYTE replacement, DWORD replacementSize, DWORD retryCount,
                                     DWORD flags, PDWORD attempts) {
  Json::Object arguments = {{"user", NameOf(user)}, {"flags", flags}, {"retryCount", retryCount}};
  return Minidriver("CardChangeAuthenticator", std::move(arguments), [&] {
    CardContext& context = CardContext::Of(data);
    Require(retryCount == 0, Code(SCARD_E_UNSUPPORTED_FEATURE));
    const Bytes given = Given(current, currentSize);
    const Bytes next = Given(replacement, replacementSize);
    if (Is(user, L"user") && flags == kByPin) {
      ChangePin(context, given, next, attempts);
    } else {
      Require(Is(user, L"admin") && flags == kByChallenge, kBadArgument);
      ChangeAdminKey(context, given, next, attempts);
    }
  });
}

DWORD WINAPI CardDeauthenticate(CardData* data, LPWSTR user, DWORD flags) {
  return Minidriver("CardDeauthenticate", {}, [&] {
    CardContext& context = CardContext::Of(data);
    Require((Is(user, L"user") || Is(user, L"admin")) && flags == 0, kBadArgument);
    context.edge().Logout();
  });
}

}  // namespace lab
