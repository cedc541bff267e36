#pragma once

#include <windows.h>

namespace lab {

// Declared from the documentation of the TPM Base Services: the compiler's own tbs.h knows only
// TPM 1.2.

using TbsResult = UINT32;
using TbsContext = void*;

struct ContextParameters {
  UINT32 version;
  /** Version 2 only: bit 0 requestRaw, bit 1 includeTpm12, bit 2 includeTpm20. */
  UINT32 flags;
};

struct DeviceInfo {
  UINT32 structVersion;
  UINT32 tpmVersion;
  UINT32 tpmInterfaceType;
  UINT32 tpmImplementationRevision;
};
static_assert(sizeof(DeviceInfo) == 16, "TPM_DEVICE_INFO has four 32-bit fields");

constexpr UINT32 kContextVersionOne = 1;
constexpr UINT32 kContextVersionTwo = 2;
constexpr UINT32 kIncludeTpm20 = 4;
constexpr UINT32 kAllContextFlags = 7;
constexpr UINT32 kDeviceInfoVersion = 1;
constexpr UINT32 kTpmVersion20 = 2;
/** TPM_IFTYPE_EMULATOR: what it is. */
constexpr UINT32 kInterfaceEmulator = 4;
constexpr UINT32 kLocalityZero = 0;
/** TBS_COMMAND_PRIORITY_LOW, _NORMAL, _HIGH, _SYSTEM and _MAX. */
constexpr UINT32 kPriorities[] = {100, 200, 300, 400, 0x80000000};

constexpr UINT32 kInternalError = 0x80284001;
constexpr UINT32 kBadParameter = 0x80284002;
constexpr UINT32 kInvalidOutputPointer = 0x80284003;
constexpr UINT32 kInvalidContext = 0x80284004;
constexpr UINT32 kInsufficientBuffer = 0x80284005;
constexpr UINT32 kInvalidContextParameter = 0x80284007;
constexpr UINT32 kServiceNotRunning = 0x80284008;
constexpr UINT32 kBufferTooLarge = 0x8028400E;
constexpr UINT32 kTpmNotFound = 0x8028400F;

}  // namespace lab
