#include "ncrypt/properties.h"

#include "card/card_transaction.h"
#include "card/container_name.h"
#include "card/pin_cache.h"
#include "common/readers.h"
#include "common/text.h"
#include "ncrypt/output.h"

namespace lab {
namespace {

constexpr wchar_t kPinProperty[] = L"SmartCardPin";
constexpr uint32_t kMostReaderName = 256;
/** NCRYPT_IMPL_HARDWARE_FLAG | NCRYPT_IMPL_REMOVABLE_FLAG. */
constexpr uint32_t kImplementation = 0x1 | 0x8;

std::wstring StringValue(const Bytes& value) {
  Require(value.size() >= sizeof(wchar_t) && value.size() % sizeof(wchar_t) == 0,
          Code(NTE_INVALID_PARAMETER));
  std::wstring text;
  for (size_t at = 0; at < value.size(); at += 2) text.push_back(LittleEndian16(&value[at]));
  // The size counts the NUL, which is the only one.
  Require(text.find(L'\0') == text.size() - 1, Code(NTE_INVALID_PARAMETER));
  text.pop_back();
  return text;
}

uint32_t NumberValue(const Bytes& value) {
  Require(value.size() == sizeof(DWORD), Code(NTE_INVALID_PARAMETER));
  return LittleEndian32(value.data());
}

/** A PIN goes to the card as bytes of one character each. */
void CachePin(const std::wstring& reader, const Bytes& value) {
  const std::wstring text = StringValue(value);
  Bytes pin;
  for (const wchar_t unit : text) {
    Require(unit <= 0xFF, Code(NTE_INVALID_PARAMETER));
    pin.push_back(static_cast<uint8_t>(unit));
  }
  PinCache::Set(CardTransaction(reader).CardId(), pin);
  Wipe(pin);
}

/** An HWND; whether the window exists only the dialog would ask, which is never shown here. */
void CheckWindow(const Bytes& value) {
  Require(value.size() == sizeof(HWND), Code(NTE_INVALID_PARAMETER));
}

Bytes SupportedLengths(const std::wstring& algorithm, uint32_t bits) {
  if (algorithm != L"RSA") {
    return NumberBytes(bits) + NumberBytes(bits) + NumberBytes(0) + NumberBytes(bits);
  }
  return NumberBytes(1024) + NumberBytes(4096) + NumberBytes(1024) + NumberBytes(1024);
}

void SetLength(Key& key, const Bytes& value) {
  const uint32_t bits = NumberValue(value);
  Require(!key.card, Code(NTE_BAD_KEY_STATE));
  Require(FindKeyType(key.algorithm, bits).has_value(), Code(NTE_NOT_SUPPORTED));
  key.bits = bits;
}

void SetReader(Key& key, const Bytes& value) {
  const std::wstring reader = StringValue(value);
  Require(!key.card, Code(NTE_BAD_KEY_STATE));
  key.reader = FindReader(reader).name;
}

void SetCertificate(Key& key, const Bytes& value, bool isSilent) {
  const CardKey& onCard = Finalized(key);
  // A DER sequence that is as long as it says: 30 82 and a length of two bytes, or shorter forms.
  const bool isDer = value.size() > 4 && value[0] == 0x30 && value[1] == 0x82 &&
                     value.size() == 4u + (value[2] << 8 | value[3]);
  Require(isDer, Code(NTE_INVALID_PARAMETER));
  CardTransaction card(key.reader);
  card.VerifyCachedPin(isSilent);
  card.files().WriteCertificate(onCard.index, onCard.isKeyExchange, value);
}

Bytes ReadCertificate(const Key& key) {
  const CardKey& onCard = Finalized(key);
  CardTransaction card(key.reader);
  const std::optional<Bytes> certificate =
      card.files().ReadCertificate(onCard.index, onCard.isKeyExchange);
  Require(certificate.has_value(), Code(NTE_NOT_FOUND));
  return *certificate;
}

}  // namespace

Bytes ProviderProperty(Provider& provider, const std::wstring& name) {
  if (name == NCRYPT_NAME_PROPERTY) return StringBytes(MS_SMART_CARD_KEY_STORAGE_PROVIDER);
  if (name == NCRYPT_IMPL_TYPE_PROPERTY) return NumberBytes(kImplementation);
  if (name == NCRYPT_USE_CONTEXT_PROPERTY) return StringBytes(provider.useContext);
  if (name == NCRYPT_SMARTCARD_GUID_PROPERTY) {
    Require(!provider.reader.empty(), Code(NTE_NOT_FOUND));
    return CardTransaction(provider.reader).CardId();
  }
  throw StatusError(Code(NTE_NOT_SUPPORTED));
}

Bytes KeyProperty(Key& key, const std::wstring& name) {
  if (name == NCRYPT_NAME_PROPERTY) return StringBytes(key.container);
  if (name == NCRYPT_UNIQUE_NAME_PROPERTY) {
    return StringBytes(FullName(key.reader, key.container));
  }
  if (name == NCRYPT_ALGORITHM_PROPERTY) return StringBytes(key.algorithm);
  if (name == NCRYPT_ALGORITHM_GROUP_PROPERTY) {
    return StringBytes(key.algorithm == L"RSA" ? L"RSA" : L"ECDSA");
  }
  if (name == NCRYPT_LENGTH_PROPERTY) return NumberBytes(key.bits);
  if (name == NCRYPT_LENGTHS_PROPERTY) return SupportedLengths(key.algorithm, key.bits);
  if (name == NCRYPT_EXPORT_POLICY_PROPERTY) return NumberBytes(0);
  if (name == NCRYPT_IMPL_TYPE_PROPERTY) return NumberBytes(kImplementation);
  if (name == NCRYPT_KEY_TYPE_PROPERTY) return NumberBytes(0);
  if (name == NCRYPT_READER_PROPERTY) return StringBytes(key.reader);
  if (name == NCRYPT_SMARTCARD_GUID_PROPERTY) return CardTransaction(key.reader).CardId();
  if (name == NCRYPT_CERTIFICATE_PROPERTY) return ReadCertificate(key);
  if (name == NCRYPT_USE_CONTEXT_PROPERTY) return StringBytes(key.useContext);
  if (name == NCRYPT_PROVIDER_HANDLE_PROPERTY) {
    Bytes handle(sizeof key.provider);
    for (size_t i = 0; i < handle.size(); i++) {
      handle[i] = static_cast<uint8_t>(key.provider >> (8 * i));
    }
    return handle;
  }
  // SmartCardPin is among what may only be set.
  throw StatusError(Code(NTE_NOT_SUPPORTED));
}

void SetProviderProperty(Provider& provider, const std::wstring& name, const Bytes& value) {
  if (name == NCRYPT_USE_CONTEXT_PROPERTY) {
    provider.useContext = StringValue(value);
  } else if (name == NCRYPT_WINDOW_HANDLE_PROPERTY) {
    CheckWindow(value);
  } else if (name == NCRYPT_READER_PROPERTY) {
    Require(value.size() <= kMostReaderName * sizeof(wchar_t), Code(NTE_INVALID_PARAMETER));
    provider.reader = FindReader(StringValue(value)).name;
  } else if (name == kPinProperty) {
    // Which card the PIN is for, only a reader tells.
    Require(!provider.reader.empty(), Code(NTE_INVALID_PARAMETER));
    CachePin(provider.reader, value);
  } else {
    throw StatusError(Code(NTE_NOT_SUPPORTED));
  }
}

void SetKeyProperty(Key& key, const std::wstring& name, const Bytes& value, bool isSilent) {
  if (name == NCRYPT_LENGTH_PROPERTY) {
    SetLength(key, value);
  } else if (name == kPinProperty) {
    CachePin(key.reader, value);
  } else if (name == NCRYPT_READER_PROPERTY) {
    SetReader(key, value);
  } else if (name == NCRYPT_CERTIFICATE_PROPERTY) {
    SetCertificate(key, value, isSilent);
  } else if (name == NCRYPT_USE_CONTEXT_PROPERTY) {
    key.useContext = StringValue(value);
  } else if (name == NCRYPT_WINDOW_HANDLE_PROPERTY) {
    CheckWindow(value);
  } else {
    throw StatusError(Code(NTE_NOT_SUPPORTED));
  }
}

}  // namespace lab
