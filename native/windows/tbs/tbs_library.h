#pragma once

#include <windows.h>

#include "windows/system/system_library.h"

namespace vsc {

/** TBS_CONTEXT_PARAMS2: version 2 with TPM 2.0 asked for. */
struct TbsContextParameters {
  UINT32 version = 2;
  /** Bit 2: includeTpm20. */
  UINT32 flags = 1U << 2;
};

/** TPM_DEVICE_INFO. */
struct TbsDeviceInfo {
  UINT32 struct_version = 0;
  UINT32 tpm_version = 0;
  UINT32 interface_type = 0;
  UINT32 implementation_revision = 0;
};

static_assert(sizeof(TbsContextParameters) == 8 && sizeof(TbsDeviceInfo) == 16);

/** The functions of tbs.dll, the TPM base services; not every compiler's tbs.h has them all. */
class TbsLibrary {
 public:
  using Context = void*;

  /** Loaded at the first use, for the process's life. Throws NativeError. */
  static const TbsLibrary& Get();

  TbsLibrary();

  UINT32(WINAPI* ContextCreate)(const TbsContextParameters*, Context*);
  UINT32(WINAPI* ContextClose)(Context);
  UINT32(WINAPI* SubmitCommand)
  (Context, UINT32 locality, UINT32 priority, const BYTE* command, UINT32 command_size,
   BYTE* response, UINT32* response_size);
  UINT32(WINAPI* CancelCommands)(Context);
  UINT32(WINAPI* GetDeviceInfo)(UINT32 size, void* info);

 private:
  SystemLibrary library_;
};

}  // namespace vsc
