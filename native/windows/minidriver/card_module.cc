#include "windows/minidriver/card_module.h"

#include "windows/minidriver/card_callbacks.h"

namespace vsc {

namespace {

using AcquireContext = DWORD WINAPI(CardData*, DWORD flags);

constexpr std::size_t kChallengeLength = 8;
/** How many attempts there are stays as it is. */
constexpr DWORD kSameRetryCount = 0;

AcquireContext* AcquireFunction(const ModuleHandle& library) {
  return reinterpret_cast<AcquireContext*>(
      reinterpret_cast<void (*)()>(GetProcAddress(library.get(), "CardAcquireContext")));
}

template <typename Function>
Function Offered(Function function, const char* name) {
  if (function != nullptr) return function;
  throw NativeError("NOT_OFFERED", std::string("The card's module has no ") + name);
}

void Check(DWORD code, const char* action, DWORD attempts = kUnknownAttempts) {
  if (code == SCARD_S_SUCCESS) return;
  NativeError error = HresultError(HRESULT_FROM_WIN32(code), action);
  if (attempts != kUnknownAttempts) error.attempts_left = attempts;
  throw error;
}

DWORD Size(const SecretBuffer& secret) {
  return static_cast<DWORD>(secret.size());
}

}  // namespace

std::shared_ptr<CardModule> CardModule::Load(SCARDCONTEXT context, SCARDHANDLE card) {
  const std::vector<std::uint8_t> atr = CardAtr(card);
  for (const CardType& type : CardTypesOf(context, atr)) {
    ModuleHandle library = LoadSystemModule(type.module_file);
    if (!library || AcquireFunction(library) == nullptr) continue;
    return std::make_shared<CardModule>(std::move(library), context, card, atr, type);
  }
  return nullptr;
}

CardModule::CardModule(ModuleHandle library, SCARDCONTEXT context, SCARDHANDLE card,
                       std::vector<std::uint8_t> atr, CardType type)
    : library_(std::move(library)), atr_(std::move(atr)), type_(std::move(type)) {
  data_.version = kCardDataVersion;
  data_.atr = atr_.data();
  data_.atr_size = static_cast<DWORD>(atr_.size());
  data_.card_name = type_.name.data();
  data_.scard_context = context;
  data_.scard = card;
  SetCardCallbacks(data_);
  Check(AcquireFunction(library_)(&data_, 0), "open the card's module");
  context_.Reset(&data_);
}

std::wstring CardModule::file() const {
  const std::size_t folder = type_.module_file.find_last_of(L"\\/:");
  return folder == std::wstring::npos ? type_.module_file : type_.module_file.substr(folder + 1);
}

void CardModule::VerifyPin(SecretBuffer& pin) {
  const auto authenticate = Offered(data_.authenticate_pin, "CardAuthenticatePin");
  wchar_t user[] = L"user";
  DWORD attempts = kUnknownAttempts;
  const DWORD code = authenticate(&data_, user, pin.data(), Size(pin), &attempts);
  Check(code, "verify the PIN", attempts);
}

void CardModule::ChangePin(SecretBuffer& pin, SecretBuffer& new_pin) {
  Change(L"user", pin, new_pin, kByPin, "change the PIN");
}

void CardModule::UnblockByPuk(SecretBuffer& puk, SecretBuffer& new_pin) {
  Unblock(puk, new_pin, kByPin);
}

void CardModule::UnblockByResponse(SecretBuffer& response, SecretBuffer& new_pin) {
  Unblock(response, new_pin, kByResponse);
}

void CardModule::ChangeAdminKey(SecretBuffer& response, SecretBuffer& new_key) {
  Change(L"admin", response, new_key, kByResponse, "change the admin key");
}

void CardModule::AuthenticateAdmin(SecretBuffer& response) {
  const auto authenticate = Offered(data_.authenticate_challenge, "CardAuthenticateChallenge");
  DWORD attempts = kUnknownAttempts;
  const DWORD code = authenticate(&data_, response.data(), Size(response), &attempts);
  Check(code, "answer the card's challenge", attempts);
}

SecretBuffer CardModule::Challenge() {
  const auto get = Offered(data_.get_challenge, "CardGetChallenge");
  BYTE* given = nullptr;
  DWORD size = 0;
  Check(get(&data_, &given, &size), "get the card's challenge");
  SecretBuffer challenge(given, given == nullptr ? 0 : size);
  data_.free(given);
  if (challenge.size() == kChallengeLength) return challenge;
  throw HresultError(SCARD_E_UNEXPECTED, "get the card's challenge");
}

void CardModule::Unblock(SecretBuffer& proof, SecretBuffer& new_pin, DWORD flags) {
  const auto unblock = Offered(data_.unblock_pin, "CardUnblockPin");
  wchar_t user[] = L"user";
  Check(unblock(&data_, user, proof.data(), Size(proof), new_pin.data(), Size(new_pin),
                kSameRetryCount, flags),
        "unblock the PIN");
}

void CardModule::Change(const wchar_t* user, SecretBuffer& current, SecretBuffer& next, DWORD flags,
                        const char* action) {
  const auto change = Offered(data_.change_authenticator, "CardChangeAuthenticator");
  std::wstring name(user);
  DWORD attempts = kUnknownAttempts;
  const DWORD code = change(&data_, name.data(), current.data(), Size(current), next.data(),
                            Size(next), kSameRetryCount, flags, &attempts);
  Check(code, action, attempts);
}

}  // namespace vsc
