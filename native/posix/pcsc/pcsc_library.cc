#include "posix/pcsc/pcsc_library.h"

#include <dlfcn.h>

#include <cstdio>

namespace vsc {

namespace {

std::string LinkerMessage() {
  const char* message = dlerror();
  return message != nullptr ? message : "no reason given";
}

template <typename Function>
void Resolve(void* library, const char* name, Function& function) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) {
    throw NativeError("PCSC_NOT_FOUND", "The PC/SC library is unusable: " + LinkerMessage());
  }
  function = reinterpret_cast<Function>(symbol);
}

PcscLibrary LoadOnce() {
  void* handle = dlopen(kPcscLibrary, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw NativeError("PCSC_NOT_FOUND", "Could not load the PC/SC library: " + LinkerMessage());
  }
  PcscLibrary library;
  Resolve(handle, "SCardEstablishContext", library.establish_context);
  Resolve(handle, "SCardReleaseContext", library.release_context);
  Resolve(handle, "SCardCancel", library.cancel);
  Resolve(handle, "SCardListReaders", library.list_readers);
  Resolve(handle, "SCardGetStatusChange", library.get_status_change);
  Resolve(handle, "SCardConnect", library.connect);
  Resolve(handle, "SCardReconnect", library.reconnect);
  Resolve(handle, "SCardDisconnect", library.disconnect);
  Resolve(handle, "SCardBeginTransaction", library.begin_transaction);
  Resolve(handle, "SCardEndTransaction", library.end_transaction);
  Resolve(handle, "SCardTransmit", library.transmit);
  Resolve(handle, "pcsc_stringify_error", library.stringify_error);
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
