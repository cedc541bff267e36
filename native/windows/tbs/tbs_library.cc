#include "windows/tbs/tbs_library.h"

#include <type_traits>

namespace vsc {

const TbsLibrary& TbsLibrary::Get() {
  static const TbsLibrary library;
  return library;
}

TbsLibrary::TbsLibrary() : library_(L"tbs.dll") {
  const auto find = [this](auto& function, const char* name) {
    function =
        library_.Find<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
  };
  find(ContextCreate, "Tbsi_Context_Create");
  find(ContextClose, "Tbsip_Context_Close");
  find(SubmitCommand, "Tbsip_Submit_Command");
  find(CancelCommands, "Tbsip_Cancel_Commands");
  find(GetDeviceInfo, "Tbsi_GetDeviceInfo");
}

}  // namespace vsc
