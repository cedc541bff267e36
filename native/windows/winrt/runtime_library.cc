#include "windows/winrt/runtime_library.h"

#include <type_traits>

namespace vsc {

const RuntimeLibrary& RuntimeLibrary::Get() {
  static const RuntimeLibrary library;
  return library;
}

RuntimeLibrary::RuntimeLibrary() : library_(L"combase.dll") {
  const auto find = [this](auto& function, const char* name) {
    function =
        library_.Find<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
  };
  find(GetActivationFactory, "RoGetActivationFactory");
  find(CreateString, "WindowsCreateString");
  find(DeleteString, "WindowsDeleteString");
  find(GetStringRawBuffer, "WindowsGetStringRawBuffer");
}

}  // namespace vsc
