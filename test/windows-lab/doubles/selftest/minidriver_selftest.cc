// Loads the card module as the contract says, and changes, blocks and unblocks the PIN with it. The
// card named by SELFTEST_READER has a PUK, the one named by SELFTEST_ADMIN_READER has none.

#include <windows.h>
#include <winscard.h>

#include <cstdlib>

#include "common/triple_des.h"
#include "minidriver/card_data.h"
#include "selftest/check.h"

using namespace lab;

namespace {

constexpr DWORD kByChallenge = 1;
constexpr DWORD kByPin = 2;

LPVOID WINAPI Alloc(SIZE_T size) {
  return std::malloc(size);
}
LPVOID WINAPI Realloc(LPVOID memory, SIZE_T size) {
  return std::realloc(memory, size);
}
void WINAPI Free(LPVOID memory) {
  std::free(memory);
}
DWORD WINAPI NoCache() {
  return static_cast<DWORD>(SCARD_E_FILE_NOT_FOUND);
}

Bytes AnotherPin(Bytes pin) {
  pin.front() = pin.front() == '1' ? '2' : '1';
  return pin;
}

/** A card in a transaction with its module; unloads, resets and disconnects at the end. */
class LoadedCard {
 public:
  explicit LoadedCard(const std::wstring& reader) {
    EQUAL(SCardEstablishContext(SCARD_SCOPE_USER, nullptr, nullptr, &data.scardContext), 0);
    DWORD protocol = 0;
    EQUAL(SCardConnectW(data.scardContext, reader.c_str(), SCARD_SHARE_SHARED,
                        SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &data.scard, &protocol),
          0);
    data.atrSize = sizeof atr_;
    EQUAL(SCardStatusW(data.scard, nullptr, nullptr, nullptr, nullptr, atr_, &data.atrSize), 0);
    data.atr = atr_;
    DWORD count = 256;
    EQUAL(SCardListCardsW(data.scardContext, atr_, nullptr, 0, name_, &count), 0);
    data.cardName = name_;
    wchar_t module[64] = L"";
    count = 64;
    EQUAL(SCardGetCardTypeProviderNameW(data.scardContext, name_, 0x80000001, module, &count), 0);
    library_ = LoadLibraryExW(module, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
    TRUE_THAT(library_);
    acquire = reinterpret_cast<Acquire>(
        reinterpret_cast<void*>(GetProcAddress(library_, "CardAcquireContext")));
    data.version = 7;
    data.cspAlloc = Alloc;
    data.cspReAlloc = Realloc;
    data.cspFree = Free;
    data.cspCacheAddFile = NoCache;
    data.cspCacheLookupFile = NoCache;
    data.cspCacheDeleteFile = NoCache;
    data.cspPadData = NoCache;
    EQUAL(SCardBeginTransaction(data.scard), 0);
  }

  ~LoadedCard() {
    EQUAL(data.deleteContext(&data), 0);
    EQUAL(SCardEndTransaction(data.scard, SCARD_RESET_CARD), 0);
    EQUAL(SCardDisconnect(data.scard, SCARD_RESET_CARD), 0);
    EQUAL(SCardReleaseContext(data.scardContext), 0);
    FreeLibrary(library_);
  }

  DWORD Verify(const wchar_t* user, Bytes pin, DWORD* attempts) {
    return data.authenticatePin(&data, const_cast<LPWSTR>(user), pin.data(),
                                static_cast<DWORD>(pin.size()), attempts);
  }

  DWORD Change(const wchar_t* user, Bytes current, Bytes next, DWORD flags, DWORD* attempts) {
    return data.changeAuthenticator(&data, const_cast<LPWSTR>(user), current.data(),
                                    static_cast<DWORD>(current.size()), next.data(),
                                    static_cast<DWORD>(next.size()), 0, flags, attempts);
  }

  DWORD Unblock(Bytes authentication, Bytes pin, DWORD flags, DWORD retryCount = 0) {
    wchar_t user[] = L"user";
    return data.unblockPin(&data, user, authentication.data(),
                           static_cast<DWORD>(authentication.size()), pin.data(),
                           static_cast<DWORD>(pin.size()), retryCount, flags);
  }

  Bytes Challenge() {
    BYTE* challenge = nullptr;
    DWORD size = 0;
    EQUAL(data.getChallenge(&data, &challenge, &size), 0);
    EQUAL(size, 8);
    const Bytes bytes(challenge, challenge + size);
    data.cspFree(challenge);
    return bytes;
  }

  using Acquire = DWORD(WINAPI*)(CardData*, DWORD);
  Acquire acquire;
  CardData data = {};

 private:
  BYTE atr_[36] = {};
  wchar_t name_[256] = L"";
  HMODULE library_ = nullptr;
};

void CheckAcquire(LoadedCard& card) {
  const CardData whole = card.data;
  EQUAL(card.acquire(nullptr, 0), SCARD_E_INVALID_PARAMETER);
  EQUAL(card.acquire(&card.data, 5), SCARD_E_INVALID_PARAMETER);
  card.data.version = 3;
  EQUAL(card.acquire(&card.data, 0), ERROR_REVISION_MISMATCH);
  card.data = whole;
  card.data.cspAlloc = nullptr;
  EQUAL(card.acquire(&card.data, 0), SCARD_E_INVALID_PARAMETER);
  card.data = whole;
  card.data.scard = 0;
  EQUAL(card.acquire(&card.data, 0), SCARD_E_INVALID_PARAMETER);
  card.data = whole;
  card.data.atrSize = 16;
  EQUAL(card.acquire(&card.data, 0), SCARD_E_UNKNOWN_CARD);
  card.data = whole;
  EQUAL(card.acquire(&card.data, 0), 0);
  TRUE_THAT(card.data.getChallengeEx == nullptr);
  EQUAL(card.data.signData(), SCARD_E_UNSUPPORTED_FEATURE);
  BYTE id[16];
  DWORD length = 0;
  EQUAL(card.data.getProperty(&card.data, L"Card Identifier", id, 4, &length, 0),
        ERROR_INSUFFICIENT_BUFFER);
  EQUAL(card.data.getProperty(&card.data, L"Card Identifier", id, 16, &length, 0), 0);
  EQUAL(length, 16);
  EQUAL(card.data.getProperty(&card.data, L"No such", id, 16, &length, 0),
        SCARD_E_UNSUPPORTED_FEATURE);
}

void CheckPins() {
  LoadedCard card(Setting(L"SELFTEST_READER"));
  CheckAcquire(card);
  const Bytes pin = AsciiSetting(L"SELFTEST_PIN");
  const Bytes newPin = AsciiSetting(L"SELFTEST_NEW_PIN");
  DWORD attempts = 0;
  EQUAL(card.Verify(L"user", pin, nullptr), 0);
  EQUAL(card.Verify(L"admin", pin, nullptr), SCARD_E_INVALID_PARAMETER);
  EQUAL(card.Verify(L"user", AnotherPin(pin), &attempts), SCARD_W_WRONG_CHV);
  EQUAL(attempts, 4);
  EQUAL(card.Change(L"user", AnotherPin(pin), newPin, kByPin, &attempts), SCARD_W_WRONG_CHV);
  EQUAL(attempts, 3);
  EQUAL(card.Change(L"user", pin, newPin, kByChallenge, &attempts), SCARD_E_INVALID_PARAMETER);
  EQUAL(card.Change(L"user", pin, newPin, kByPin, &attempts), 0);
  EQUAL(card.Verify(L"user", newPin, nullptr), 0);
  for (DWORD left = 5; left-- > 0;) {
    EQUAL(card.Verify(L"user", pin, &attempts), left > 0 ? SCARD_W_WRONG_CHV : SCARD_W_CHV_BLOCKED);
    EQUAL(attempts, left);
  }
  EQUAL(card.Verify(L"user", newPin, &attempts), SCARD_W_CHV_BLOCKED);
  const Bytes puk = AsciiSetting(L"SELFTEST_PUK");
  EQUAL(card.Unblock(puk, pin, kByPin, 3), SCARD_E_UNSUPPORTED_FEATURE);
  EQUAL(card.Unblock(puk, pin, 0), SCARD_E_INVALID_PARAMETER);
  EQUAL(card.Unblock(AnotherPin(puk), pin, kByPin), SCARD_W_WRONG_CHV);
  EQUAL(card.Unblock(puk, pin, kByPin), 0);
  EQUAL(card.Verify(L"user", pin, nullptr), 0);
}

void CheckAdminKey() {
  LoadedCard card(Setting(L"SELFTEST_ADMIN_READER"));
  EQUAL(card.acquire(&card.data, 0), 0);
  const Bytes key = BytesSetting(L"SELFTEST_ADMIN_KEY");
  const Bytes newKey = BytesSetting(L"SELFTEST_NEW_ADMIN_KEY");
  const Bytes newPin = AsciiSetting(L"SELFTEST_NEW_PIN");
  DWORD attempts = 0;
  Bytes response = TripleDesBlock(newKey, card.Challenge());
  EQUAL(card.data.authenticateChallenge(&card.data, response.data(), 8, &attempts),
        SCARD_W_WRONG_CHV);
  response = TripleDesBlock(key, card.Challenge());
  EQUAL(card.data.authenticateChallenge(&card.data, response.data(), 8, &attempts), 0);
  // A challenge serves once.
  EQUAL(card.Unblock(TripleDesBlock(newKey, card.Challenge()), newPin, kByChallenge),
        SCARD_W_WRONG_CHV);
  EQUAL(card.Unblock(TripleDesBlock(key, card.Challenge()), newPin, kByChallenge), 0);
  EQUAL(card.Verify(L"user", newPin, nullptr), 0);
  EQUAL(card.Change(L"admin", TripleDesBlock(key, card.Challenge()), newKey, kByPin, &attempts),
        SCARD_E_INVALID_PARAMETER);
  EQUAL(
      card.Change(L"admin", TripleDesBlock(key, card.Challenge()), newKey, kByChallenge, &attempts),
      0);
  response = TripleDesBlock(newKey, card.Challenge());
  EQUAL(card.data.authenticateChallenge(&card.data, response.data(), 8, &attempts), 0);
  wchar_t user[] = L"user";
  EQUAL(card.data.deauthenticate(&card.data, user, 0), 0);
}

}  // namespace

int main() {
  CheckPins();
  CheckAdminKey();
  return Finish();
}
