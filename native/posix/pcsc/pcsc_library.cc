#include "posix/pcsc/pcsc_library.h"

#include <dlfcn.h>

#include <cstdio>

#include "posix/shared_library.h"

namespace vsc {

namespace {

constexpr SharedLibrary::Errors kErrors = {"PCSC_NOT_FOUND", "Could not load the PC/SC library",
                                           "The PC/SC library is unusable"};

PcscLibrary LoadOnce() {
  const SharedLibrary file(kPcscLibrary, RTLD_NOW | RTLD_LOCAL, kErrors);
  PcscLibrary library;
  file.Resolve("SCardEstablishContext", library.establish_context);
  file.Resolve("SCardReleaseContext", library.release_context);
  file.Resolve("SCardCancel", library.cancel);
  file.Resolve("SCardListReaders", library.list_readers);
  file.Resolve("SCardGetStatusChange", library.get_status_change);
  file.Resolve("SCardConnect", library.connect);
  file.Resolve("SCardReconnect", library.reconnect);
  file.Resolve("SCardDisconnect", library.disconnect);
  file.Resolve("SCardBeginTransaction", library.begin_transaction);
  file.Resolve("SCardEndTransaction", library.end_transaction);
  file.Resolve("SCardTransmit", library.transmit);
  file.Resolve("pcsc_stringify_error", library.stringify_error);
  return library;
}

/** Without the full stop that it ends with. */
std::string Text(ScardResult result) {
  std::string text = PcscLibrary::Get().stringify_error(result);
  while (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

const PcscLibrary& PcscLibrary::Get() {
  // After a throw the next call tries again: the library may have been installed meanwhile.
  static const PcscLibrary library = LoadOnce();
  return library;
}

NativeError PcscError(ScardResult result, const std::string& action) {
  const std::uint32_t code = PcscCode(result);
  char number[11];
  std::snprintf(number, sizeof(number), "0x%08X", static_cast<unsigned>(code));
  NativeError error("HRESULT", "Could not " + action + ": " + Text(result) + " (" + number + ")");
  error.hresult = code;
  return error;
}

void CheckPcsc(ScardResult result, const std::string& action) {
  if (PcscCode(result) != scard::kSuccess) throw PcscError(result, action);
}

}  // namespace vsc
