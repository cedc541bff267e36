#pragma once

#include <string>

#include "windows/system/com_ptr.h"
#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"
#include "windows/winrt/runtime_string.h"

namespace vsc {

/** The static functions of a class. Throws NativeError where this Windows does not have the class.
 */
template <typename Statics>
ComPtr<Statics> ActivationFactory(const std::wstring& class_name, REFIID id) {
  const RuntimeString name = ToRuntimeString(class_name);
  ComPtr<Statics> statics;
  CheckHresult(RuntimeLibrary::Get().GetActivationFactory(name.get(), id, statics.Receive()),
               "find Windows' class " + ToUtf8(class_name));
  return statics;
}

/** Where a function of the Windows Runtime puts a new reference. */
template <typename Interface>
Interface** ReceiveFrom(ComPtr<Interface>& object) {
  return reinterpret_cast<Interface**>(object.Receive());
}

}  // namespace vsc
