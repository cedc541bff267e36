#include "card/container_name.h"

#include "card/hash.h"

namespace lab {
namespace {

constexpr wchar_t kPrefix[] = L"\\\\.\\";
constexpr size_t kPrefixLength = 4;
/** MAX_CONTAINER_NAME_LEN. */
constexpr size_t kLongestName = 39;

}  // namespace

std::optional<ContainerName> ParseContainerName(const std::wstring& name) {
  ContainerName parsed;
  if (name.compare(0, kPrefixLength, kPrefix) != 0) {
    parsed.container = name;
    if (name.empty()) return std::nullopt;
  } else {
    const size_t end = name.find(L'\\', kPrefixLength);
    parsed.reader =
        name.substr(kPrefixLength, end == std::wstring::npos ? end : end - kPrefixLength);
    if (end != std::wstring::npos) parsed.container = name.substr(end + 1);
    if (parsed.reader.empty()) return std::nullopt;
  }
  if (parsed.container.find(L'\\') != std::wstring::npos) return std::nullopt;
  if (parsed.container.size() > kLongestName) return std::nullopt;
  return parsed;
}

std::wstring FullName(const std::wstring& reader, const std::wstring& container) {
  return kPrefix + reader + L'\\' + container;
}

std::wstring RandomContainerName() {
  static const wchar_t kDigits[] = L"0123456789abcdef";
  std::wstring name;
  const Bytes random = RandomBytes(16);
  for (size_t i = 0; i < random.size(); i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) name.push_back(L'-');
    name.push_back(kDigits[random[i] >> 4]);
    name.push_back(kDigits[random[i] & 15]);
  }
  return name;
}

}  // namespace lab
