#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>

#include "common/base64.h"
#include "common/call.h"
#include "tbs/tbs_types.h"

using namespace lab;

namespace {

constexpr Component kTbs = {"tbs", kInternalError, kServiceNotRunning, kInternalError};
/** A command has at least tag, size and command code. */
constexpr UINT32 kCommandHeader = 10;
constexpr UINT32 kLargestCommand = 4096;

std::mutex contextsMutex;
std::set<TbsContext> contexts;
uintptr_t lastContext = 0x7B500000;

void CheckContext(TbsContext context) {
  const std::lock_guard<std::mutex> lock(contextsMutex);
  Require(contexts.count(context) == 1, kInvalidContext);
}

UINT32 BigEndian32(const BYTE* at) {
  return static_cast<UINT32>(at[0]) << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

}  // namespace

extern "C" {

TbsResult WINAPI Tbsi_Context_Create(const ContextParameters* parameters, TbsContext* context) {
  return Enter(kTbs, "Tbsi_Context_Create", {}, [&] {
    Require(parameters, kBadParameter);
    Require(context, kInvalidOutputPointer);
    // Version 1 asks for a TPM 1.2, which this machine does not have.
    Require(parameters->version != kContextVersionOne, kTpmNotFound);
    Require(parameters->version == kContextVersionTwo, kInvalidContextParameter);
    Require((parameters->flags & ~kAllContextFlags) == 0, kInvalidContextParameter);
    Require(parameters->flags & kIncludeTpm20, kTpmNotFound);
    const std::lock_guard<std::mutex> lock(contextsMutex);
    *context = reinterpret_cast<TbsContext>(++lastContext);
    contexts.insert(*context);
  });
}

TbsResult WINAPI Tbsip_Context_Close(TbsContext context) {
  return Enter(kTbs, "Tbsip_Context_Close", {}, [&] {
    const std::lock_guard<std::mutex> lock(contextsMutex);
    Require(contexts.erase(context) == 1, kInvalidContext);
  });
}

TbsResult WINAPI Tbsip_Submit_Command(TbsContext context, UINT32 locality, UINT32 priority,
                                      const BYTE* command, UINT32 commandSize, BYTE* result,
                                      UINT32* resultSize) {
  return Enter(kTbs, "Tbsip_Submit_Command", {{"priority", priority}}, [&] {
    CheckContext(context);
    Require(locality == kLocalityZero, kBadParameter);
    Require(std::find(std::begin(kPriorities), std::end(kPriorities), priority) !=
                std::end(kPriorities),
            kBadParameter);
    Require(command && commandSize >= kCommandHeader, kBadParameter);
    Require(commandSize <= kLargestCommand, kBufferTooLarge);
    Require(BigEndian32(command + 2) == commandSize, kBadParameter);
    Require(result && resultSize, kInvalidOutputPointer);
    Bytes bytes(command, command + commandSize);
    const Json answer = ForwarderClient::Ask("tpmCommand", {{"command", ToBase64(bytes)}});
    Wipe(bytes);
    Bytes response = FromBase64(answer.At("response").String());
    const UINT32 room = *resultSize;
    *resultSize = static_cast<UINT32>(response.size());
    Require(room >= response.size(), kInsufficientBuffer);
    std::memcpy(result, response.data(), response.size());
    Wipe(response);
  });
}

/** A command is over before another thread could cancel it: nothing is ever pending. */
TbsResult WINAPI Tbsip_Cancel_Commands(TbsContext context) {
  return Enter(kTbs, "Tbsip_Cancel_Commands", {}, [&] { CheckContext(context); });
}

TbsResult WINAPI Tbsi_GetDeviceInfo(UINT32 size, void* info) {
  return Enter(kTbs, "Tbsi_GetDeviceInfo", {}, [&] {
    Require(info, kInvalidOutputPointer);
    Require(size >= sizeof(DeviceInfo), kBadParameter);
    const DeviceInfo device = {kDeviceInfoVersion, kTpmVersion20, kInterfaceEmulator, 0};
    std::memcpy(info, &device, sizeof device);
  });
}

}  // extern "C"
