// CardAcquireContext, the card module's one export: it fills the caller's table of functions.

#include <algorithm>

#include "minidriver/authentication.h"
#include "minidriver/card_context.h"
#include "minidriver/card_properties.h"

using namespace lab;

namespace {

constexpr DWORD kOldestVersion = 4;
constexpr DWORD kVersion = 7;
constexpr BYTE kAtr[] = {0x3B, 0x8D, 0x01, 0x80, 0xFB, 0xA0, 0x00, 0x00, 0x03,
                         0x97, 0x42, 0x54, 0x46, 0x59, 0x04, 0x01, 0xCF};

/** Stands where the double has no function: whoever calls it is told so. */
DWORD WINAPI Unsupported() {
  return Code(SCARD_E_UNSUPPORTED_FEATURE);
}

DWORD WINAPI CardDeleteContext(CardData* data) {
  return Minidriver("CardDeleteContext", {}, [&] {
    delete &CardContext::Of(data);
    data->vendorSpecific = nullptr;
  });
}

void CheckGiven(const CardData& data) {
  const bool functions = data.cspAlloc && data.cspReAlloc && data.cspFree && data.cspCacheAddFile &&
                         data.cspCacheLookupFile && data.cspCacheDeleteFile && data.cspPadData;
  const bool handles = data.scardContext && data.scard;
  Require(functions && handles && data.cardName && data.atr, Code(SCARD_E_INVALID_PARAMETER));
  const bool isOurs = data.atrSize == sizeof kAtr && std::equal(kAtr, kAtr + sizeof kAtr, data.atr);
  Require(isOurs, Code(SCARD_E_UNKNOWN_CARD));
}

void Fill(CardData& data) {
  for (OpaqueFunction* function : {
           &data.queryCapabilities,
           &data.deleteContainer,
           &data.createContainer,
           &data.getContainerInfo,
           &data.createDirectory,
           &data.deleteDirectory,
           &data.createFile,
           &data.readFile,
           &data.writeFile,
           &data.deleteFile,
           &data.enumFiles,
           &data.getFileInfo,
           &data.queryFreeSpace,
           &data.queryKeySizes,
           &data.signData,
           &data.rsaDecrypt,
           &data.constructDhAgreement,
           &data.deriveKey,
           &data.destroyDhAgreement,
       }) {
    *function = Unsupported;
  }
  data.deleteContext = CardDeleteContext;
  data.authenticatePin = CardAuthenticatePin;
  data.getChallenge = CardGetChallenge;
  data.authenticateChallenge = CardAuthenticateChallenge;
  data.unblockPin = CardUnblockPin;
  data.changeAuthenticator = CardChangeAuthenticator;
  data.deauthenticate = CardDeauthenticate;
}

/** The members that a caller of version 6 or 7 has room for. */
void FillVersionSix(CardData& data) {
  // Whether the real module fills the first four is not known: a caller has to look.
  data.getChallengeEx = nullptr;
  data.authenticateEx = nullptr;
  data.changeAuthenticatorEx = nullptr;
  data.deauthenticateEx = nullptr;
  data.getContainerProperty = Unsupported;
  data.setContainerProperty = Unsupported;
  data.getProperty = CardGetProperty;
  data.setProperty = Unsupported;
}

/** Takes away what a script names: a module need not have everything. */
void Withdraw(CardData& data, const Json& functions) {
  for (const Json& function : functions.Elements()) {
    const std::string& name = function.String();
    if (name == "CardAuthenticatePin") {
      data.authenticatePin = nullptr;
    } else if (name == "CardGetChallenge") {
      data.getChallenge = nullptr;
    } else if (name == "CardAuthenticateChallenge") {
      data.authenticateChallenge = nullptr;
    } else if (name == "CardUnblockPin") {
      data.unblockPin = nullptr;
    } else if (name == "CardChangeAuthenticator") {
      data.changeAuthenticator = nullptr;
    } else {
      throw StatusError(Code(SCARD_F_INTERNAL_ERROR));
    }
  }
}

void Acquire(CardData* data, DWORD flags) {
  Require(data && flags == 0, Code(SCARD_E_INVALID_PARAMETER));
  Require(data->version >= kOldestVersion, ERROR_REVISION_MISMATCH);
  CheckGiven(*data);
  data->version = std::min(data->version, kVersion);
  auto context = std::make_unique<CardContext>(data->scard);
  context->edge().SelectApplet();
  Fill(*data);
  if (data->version >= 6) FillVersionSix(*data);
  data->vendorSpecific = context.release();
}

}  // namespace

extern "C" DWORD WINAPI CardAcquireContext(CardData* data, DWORD flags) {
  try {
    const DWORD version = data ? data->version : 0;
    const Json plan = Announce(kMinidriver, "CardAcquireContext",
                               {{"version", version}, {"flags", flags}}, "without");
    Acquire(data, flags);
    const Json* const without = plan.IsNull() ? nullptr : plan.Find("without");
    if (without) Withdraw(*data, *without);
    return 0;
  } catch (...) {
    return CodeOfCurrentException(kMinidriver);
  }
}
