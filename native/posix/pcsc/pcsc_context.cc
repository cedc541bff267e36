#include "posix/pcsc/pcsc_context.h"

namespace vsc {

namespace {

/** Readers may come between the question for the size and the one for the names. */
constexpr int kAttempts = 8;

/** The strings of a multi-string: each with its NUL, one more NUL at the end. */
std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> strings;
  for (std::size_t start = 0; start < text.size() && text[start] != '\0';) {
    const std::string string = text.c_str() + start;
    start += string.size() + 1;
    strings.push_back(string);
  }
  return strings;
}

}  // namespace

PcscContext EstablishPcscContext() {
  PcscContext context;
  CheckPcsc(PcscLibrary::Get().establish_context(scard::kScopeSystem, nullptr, nullptr,
                                                 context.Receive()),
            "reach the smart card service");
  return context;
}

std::vector<std::string> PcscReaderNames(const PcscContext& context) {
  const PcscLibrary& library = PcscLibrary::Get();
  ScardResult result = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ScardWord size = 0;
    result = library.list_readers(context.get(), nullptr, nullptr, &size);
    if (PcscCode(result) == scard::kNoReadersAvailable) return {};
    if (PcscCode(result) != scard::kSuccess) break;
    std::string names(size, '\0');
    result = library.list_readers(context.get(), nullptr, names.data(), &size);
    if (PcscCode(result) == scard::kNoReadersAvailable) return {};
    if (PcscCode(result) == scard::kSuccess) return Split(names);
    if (PcscCode(result) != scard::kInsufficientBuffer) break;
  }
  throw PcscError(result, "list the smart card readers");
}

}  // namespace vsc
