// Stands where Windows has the DLLs of Windows.Devices.SmartCards and Windows.Devices.Enumeration.
#include <windows.h>

#include "common/text.h"
#include "smartcards/component.h"
#include "smartcards/factories.h"
#include "smartcards/strings.h"

/** A test may script it by the class: REGDB_E_CLASSNOTREG is a Windows without it. */
STDAPI DllGetActivationFactory(HSTRING className, IActivationFactory** factory) {
  const std::wstring name = lab::TextOf(className);
  return lab::Method(
      "DllGetActivationFactory", {{"class", lab::Utf8(name)}}, [&](const lab::Json&) {
        lab::Require(factory != nullptr, static_cast<uint32_t>(E_POINTER));
        *factory = lab::FactoryOf(name);
        lab::Require(*factory != nullptr, static_cast<uint32_t>(CLASS_E_CLASSNOTAVAILABLE));
        (*factory)->AddRef();
      });
}

/** It has reached the forwarder, on connections that stay. */
STDAPI DllCanUnloadNow() {
  return S_FALSE;
}
