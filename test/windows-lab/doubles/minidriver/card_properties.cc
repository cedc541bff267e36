#include "minidriver/card_properties.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "common/text.h"
#include "minidriver/card_context.h"

namespace lab {
namespace {

constexpr uint32_t kMostContainers = 30;
/** Key specifications that "Key Sizes" takes as its flags. */
constexpr DWORD kKeyExchange = 1;
constexpr DWORD kSignature = 2;

Bytes Numbers(std::initializer_list<uint32_t> values) {
  Bytes bytes;
  for (const uint32_t value : values) AppendLittleEndian(bytes, value, 4);
  return bytes;
}

uint32_t FreeContainers(CardContext& context) {
  const std::vector<Container> containers = context.files().ReadContainers();
  const auto used = std::count_if(containers.begin(), containers.end(),
                                  [](const Container& each) { return each.isValid; });
  return kMostContainers - static_cast<uint32_t>(used);
}

Bytes Property(CardContext& context, const std::wstring& name, DWORD flags) {
  if (name == L"Card Identifier" && flags == 0) return context.files().ReadCardId();
  // CARD_FREE_SPACE_INFO: version, bytes (not known), containers left, containers at most.
  if (name == L"Free Space" && flags == 0) {
    return Numbers({1, 0xFFFFFFFF, FreeContainers(context), kMostContainers});
  }
  // CARD_KEY_SIZES: version, smallest, default, largest, increment.
  if (name == L"Key Sizes" && (flags == kKeyExchange || flags == kSignature)) {
    return Numbers({1, 1024, 1024, 4096, 1024});
  }
  throw StatusError(Code(SCARD_E_UNSUPPORTED_FEATURE));
}

}  // namespace

DWORD WINAPI CardGetProperty(CardData* data, LPCWSTR property, PBYTE out, DWORD room, PDWORD length,
                             DWORD flags) {
  Json::Object arguments = {{"property", property ? Json(Utf8(property)) : Json()}};
  return Minidriver("CardGetProperty", std::move(arguments), [&] {
    CardContext& context = CardContext::Of(data);
    Require(property && out && length, Code(SCARD_E_INVALID_PARAMETER));
    context.edge().SelectApplet();
    const Bytes value = Property(context, property, flags);
    *length = static_cast<DWORD>(value.size());
    Require(room >= value.size(), ERROR_INSUFFICIENT_BUFFER);
    std::memcpy(out, value.data(), value.size());
  });
}

}  // namespace lab
