// Contexts: a container opened, made or deleted, and the provider's parameters.

#include <algorithm>

#include "card/card_transaction.h"
#include "card/container_name.h"
#include "card/pin_cache.h"
#include "common/readers.h"
#include "common/text.h"
#include "csp/contexts.h"
#include "csp/output.h"

using namespace lab;

namespace {

constexpr DWORD kDefaultContainerOptional = 0x80;
constexpr DWORD kAcquireFlags = CRYPT_VERIFYCONTEXT | CRYPT_NEWKEYSET | CRYPT_DELETEKEYSET |
                                CRYPT_MACHINE_KEYSET | CRYPT_SILENT | kDefaultContainerOptional;
constexpr char kProviderName[] = "Microsoft Base Smart Card Crypto Provider";
constexpr uint32_t kProviderVersion = 0x0200;
constexpr DWORD kSmartCardReader = 43;
constexpr DWORD kSmartCardGuid = 45;

ContainerName NameOf(const CHAR* container) {
  if (!container || !*container) return {};
  const std::optional<ContainerName> name = ParseContainerName(FromAnsi(container));
  Require(name.has_value(), Code(NTE_BAD_KEYSET_PARAM));
  return *name;
}

std::vector<std::wstring> ReadersFor(const ContainerName& name) {
  if (!name.reader.empty()) return {FindReader(name.reader).name};
  std::vector<std::wstring> names;
  for (const Reader& reader : ListReaders()) {
    if (reader.hasCard) names.push_back(reader.name);
  }
  Require(!names.empty(), Code(SCARD_E_NO_READERS_AVAILABLE));
  return names;
}

/** The reader with the container, and the container's own name for a default one. */
std::optional<ContainerName> FindContainer(const ContainerName& name) {
  for (const std::wstring& reader : ReadersFor(name)) {
    const std::optional<CardKey> key = CardTransaction(reader).keys().Find(name.container);
    if (key) return ContainerName{reader, key->container};
    if (EmptyContainers::Has(reader, name.container)) return ContainerName{reader, name.container};
  }
  return std::nullopt;
}

ContainerName NewContainer(const ContainerName& name, bool isSilent) {
  const std::wstring reader = ReadersFor(name).front();
  const std::wstring container = name.container.empty() ? RandomContainerName() : name.container;
  CardTransaction card(reader);
  Require(!card.keys().Find(container) && !EmptyContainers::Has(reader, container),
          Code(NTE_EXISTS));
  card.VerifyCachedPin(isSilent);
  EmptyContainers::Add(reader, container);
  return {reader, container};
}

void DeleteContainer(const ContainerName& name, bool isSilent) {
  const std::optional<ContainerName> found = FindContainer(name);
  Require(found.has_value(), Code(NTE_BAD_KEYSET));
  CardTransaction card(found->reader);
  const std::optional<CardKey> key = card.keys().Find(found->container);
  card.VerifyCachedPin(isSilent);
  const bool wasEmpty = EmptyContainers::Remove(found->reader, found->container);
  Require(key || wasEmpty, Code(NTE_BAD_KEYSET));
  if (key) card.keys().Delete(*key);
}

std::shared_ptr<CspContext> OpenContext(const ContainerName& name, DWORD flags) {
  auto context = std::make_shared<CspContext>();
  context->isSilent = flags & CRYPT_SILENT;
  context->isVerifyOnly = flags & CRYPT_VERIFYCONTEXT;
  if (context->isVerifyOnly) {
    Require(name.container.empty(), Code(NTE_BAD_FLAGS));
    context->reader = ReadersFor(name).front();
    return context;
  }
  std::optional<ContainerName> found;
  if (flags & CRYPT_NEWKEYSET) {
    found = NewContainer(name, context->isSilent);
  } else {
    found = FindContainer(name);
  }
  if (!found) {
    const bool optional = (flags & kDefaultContainerOptional) && name.container.empty();
    Require(optional, Code(NTE_BAD_KEYSET));
    context->isVerifyOnly = true;
    context->reader = ReadersFor(name).front();
    return context;
  }
  context->reader = found->reader;
  context->container = found->container;
  return context;
}

Bytes NextContainer(CspContext& context, DWORD flags) {
  AllowFlags(flags, CRYPT_FIRST | CRYPT_NEXT);
  if (flags & CRYPT_FIRST) {
    context.names.clear();
    context.nextName = 0;
    for (const CardKey& key : CardTransaction(context.reader).keys().List()) {
      context.names.push_back(Ansi(key.container));
    }
  }
  Require(context.nextName < context.names.size(), ERROR_NO_MORE_ITEMS);
  return StringData(context.names[context.nextName]);
}

Bytes ProviderParameter(CspContext& context, DWORD parameter, DWORD flags) {
  if (parameter == PP_ENUMCONTAINERS) return NextContainer(context, flags);
  AllowFlags(flags, 0);
  const bool hasContainer = !context.container.empty();
  switch (parameter) {
    case PP_NAME:
      return StringData(kProviderName);
    case PP_VERSION:
      return NumberData(kProviderVersion);
    case PP_PROVTYPE:
      return NumberData(PROV_RSA_FULL);
    case PP_IMPTYPE:
      return NumberData(CRYPT_IMPL_HARDWARE | CRYPT_IMPL_REMOVABLE);
    case PP_KEYSPEC:
      return NumberData(AT_KEYEXCHANGE | AT_SIGNATURE);
    case PP_CONTAINER:
      Require(hasContainer, Code(NTE_NO_KEY));
      return StringData(Ansi(context.container));
    case PP_UNIQUE_CONTAINER:
      Require(hasContainer, Code(NTE_NO_KEY));
      return StringData(Ansi(FullName(context.reader, context.container)));
    case kSmartCardReader:
      return StringData(Ansi(context.reader));
    case kSmartCardGuid:
      return CardTransaction(context.reader).CardId();
    default:
      throw StatusError(Code(NTE_BAD_TYPE));
  }
}

/** ASCII with its NUL; NULL drops the PIN that is cached. */
void CachePin(const CspContext& context, const BYTE* data) {
  Bytes pin;
  for (const BYTE* at = data; at && *at; at++) {
    Require(*at < 0x80, ERROR_INVALID_PARAMETER);
    pin.push_back(*at);
  }
  PinCache::Set(CardTransaction(context.reader).CardId(), pin);
  Wipe(pin);
}

}  // namespace

extern "C" {

BOOL WINAPI CPAcquireContext(HCRYPTPROV* handle, CHAR* container, DWORD flags, const void*) {
  Json::Object arguments = {{"container", container ? Json(Utf8(FromAnsi(container))) : Json()},
                            {"flags", flags}};
  return Csp("CPAcquireContext", std::move(arguments), [&] {
    Require(handle, ERROR_INVALID_PARAMETER);
    AllowFlags(flags, kAcquireFlags);
    const bool isNew = flags & CRYPT_NEWKEYSET;
    const bool isDelete = flags & CRYPT_DELETEKEYSET;
    const bool isVerify = flags & CRYPT_VERIFYCONTEXT;
    Require(isNew + isDelete + isVerify <= 1, Code(NTE_BAD_FLAGS));
    const ContainerName name = NameOf(container);
    if (isDelete) {
      DeleteContainer(name, flags & CRYPT_SILENT);
      *handle = 0;
      return;
    }
    *handle = AddContext(OpenContext(name, flags));
  });
}

BOOL WINAPI CPReleaseContext(HCRYPTPROV handle, DWORD flags) {
  return Csp("CPReleaseContext", OpenHandles(handle), [&] {
    AllowFlags(flags, 0);
    RemoveContext(handle);
  });
}

BOOL WINAPI CPGetProvParam(HCRYPTPROV handle, DWORD parameter, BYTE* data, DWORD* size,
                           DWORD flags) {
  return Csp("CPGetProvParam", {{"parameter", parameter}, {"flags", flags}}, [&] {
    const LockedContext context(handle);
    Bytes value = ProviderParameter(*context, parameter, flags);
    if (parameter != PP_ENUMCONTAINERS) {
      DeliverData(value, data, size);
      return;
    }
    Require(size, ERROR_INVALID_PARAMETER);
    if (data) {
      DeliverData(value, data, size);
      context->nextName++;
      return;
    }
    // Asked for the size alone, the enumeration answers for its longest name and stays where it is.
    size_t longest = 0;
    for (const std::string& name : context->names) longest = std::max(longest, name.size() + 1);
    *size = static_cast<DWORD>(longest);
  });
}

BOOL WINAPI CPSetProvParam(HCRYPTPROV handle, DWORD parameter, BYTE* data, DWORD flags) {
  return Csp("CPSetProvParam", {{"parameter", parameter}, {"isNull", data == nullptr}}, [&] {
    const LockedContext context(handle);
    AllowFlags(flags, 0);
    switch (parameter) {
      case PP_KEYEXCHANGE_PIN:
      case PP_SIGNATURE_PIN:
        CachePin(*context, data);
        return;
      case PP_CLIENT_HWND:
        Require(data, ERROR_INVALID_PARAMETER);
        return;
      default:
        throw StatusError(Code(NTE_BAD_TYPE));
    }
  });
}

BOOL WINAPI CPGenRandom(HCRYPTPROV handle, DWORD size, BYTE* buffer) {
  return Csp("CPGenRandom", {}, [&] {
    const LockedContext context(handle);
    Require(buffer, ERROR_INVALID_PARAMETER);
    const Bytes random = RandomBytes(size);
    std::copy(random.begin(), random.end(), buffer);
  });
}

}  // extern "C"
