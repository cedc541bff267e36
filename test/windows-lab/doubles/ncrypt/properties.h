#pragma once

#include "ncrypt/objects.h"

namespace lab {

/** Values of properties; all throw StatusError(NTE_NOT_SUPPORTED) for one that the object lacks. */
Bytes ProviderProperty(Provider& provider, const std::wstring& name);
Bytes KeyProperty(Key& key, const std::wstring& name);

void SetProviderProperty(Provider& provider, const std::wstring& name, const Bytes& value);
void SetKeyProperty(Key& key, const std::wstring& name, const Bytes& value, bool isSilent);

}  // namespace lab
