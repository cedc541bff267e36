#include "windows/keys/ksp_output.h"

#include <cstring>

#include "windows/system/hresult_error.h"

namespace vsc {

namespace {

/** Enough for most, so that the card is asked once. */
constexpr std::size_t kFirstRoom = 4096;
/** The output may grow between two questions: another program writes a certificate. */
constexpr int kMostTries = 4;

}  // namespace

std::vector<std::uint8_t> ReadOutput(const NcryptOutput& function, const std::string& action) {
  std::vector<std::uint8_t> output(kFirstRoom);
  for (int tries = 1;; ++tries) {
    DWORD size = 0;
    const SECURITY_STATUS result =
        function(output.data(), static_cast<DWORD>(output.size()), &size);
    if (result != NTE_BUFFER_TOO_SMALL || tries == kMostTries) {
      CheckCode(result, action);
      output.resize(size);
      return output;
    }
    CheckCode(function(nullptr, 0, &size), action);
    output.resize(size);
  }
}

std::vector<std::uint8_t> ReadProperty(const NcryptKey& key, const wchar_t* property,
                                       const std::string& action) {
  return ReadOutput(
      [&](PBYTE out, DWORD room, DWORD* size) {
        return NcryptLibrary::Get().GetProperty(key.get(), property, out, room, size,
                                                NCRYPT_SILENT_FLAG);
      },
      action);
}

std::wstring TextOf(const std::vector<std::uint8_t>& value) {
  std::wstring text(value.size() / sizeof(wchar_t), L'\0');
  std::memcpy(text.data(), value.data(), text.size() * sizeof(wchar_t));
  const std::size_t end = text.find(L'\0');
  if (end != std::wstring::npos) text.resize(end);
  return text;
}

}  // namespace vsc
