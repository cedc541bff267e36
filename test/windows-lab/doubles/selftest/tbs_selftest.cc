// Asks the TPM behind the tbs double for its manufacturer.

#include "selftest/check.h"
#include "tbs/tbs_types.h"

using namespace lab;

namespace {

/** TPM2_GetCapability of the property TPM_PT_MANUFACTURER. */
const Bytes kGetManufacturer = {0x80, 0x01, 0x00, 0x00, 0x00, 0x16, 0x00, 0x00, 0x01, 0x7A, 0x00,
                                0x00, 0x00, 0x06, 0x00, 0x00, 0x01, 0x05, 0x00, 0x00, 0x00, 0x01};

template <typename Function>
Function Get(HMODULE library, const char* name) {
  const Function function =
      reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(library, name)));
  CheckTrue(__FILE__, __LINE__, name, function != nullptr);
  return function;
}

}  // namespace

int main() {
  const HMODULE tbs = LoadLibraryW(L"tbs.dll");
  TRUE_THAT(tbs);
  const auto create =
      Get<TbsResult(WINAPI*)(const ContextParameters*, TbsContext*)>(tbs, "Tbsi_Context_Create");
  const auto submit =
      Get<TbsResult(WINAPI*)(TbsContext, UINT32, UINT32, const BYTE*, UINT32, BYTE*, UINT32*)>(
          tbs, "Tbsip_Submit_Command");
  const auto close = Get<TbsResult(WINAPI*)(TbsContext)>(tbs, "Tbsip_Context_Close");
  const auto getInfo = Get<TbsResult(WINAPI*)(UINT32, void*)>(tbs, "Tbsi_GetDeviceInfo");

  TbsContext context = nullptr;
  const ContextParameters old = {1, 0};
  EQUAL(create(&old, &context), kTpmNotFound);
  const ContextParameters only12 = {2, 2};
  EQUAL(create(&only12, &context), kTpmNotFound);
  const ContextParameters parameters = {2, kIncludeTpm20};
  EQUAL(create(&parameters, nullptr), kInvalidOutputPointer);
  EQUAL(create(&parameters, &context), 0);

  BYTE answer[512];
  UINT32 size = sizeof answer;
  const UINT32 commandSize = static_cast<UINT32>(kGetManufacturer.size());
  EQUAL(submit(context, 0, 200, kGetManufacturer.data(), commandSize, answer, &size), 0);
  Report("response", Bytes(answer, answer + size));
  EQUAL(submit(context, 3, 200, kGetManufacturer.data(), commandSize, answer, &size),
        kBadParameter);
  EQUAL(submit(context, 0, 1, kGetManufacturer.data(), commandSize, answer, &size), kBadParameter);
  EQUAL(submit(context, 0, 200, kGetManufacturer.data(), commandSize - 1, answer, &size),
        kBadParameter);
  size = 4;
  EQUAL(submit(context, 0, 200, kGetManufacturer.data(), commandSize, answer, &size),
        kInsufficientBuffer);

  DeviceInfo info = {};
  EQUAL(getInfo(sizeof info, &info), 0);
  EQUAL(info.tpmVersion, kTpmVersion20);
  EQUAL(getInfo(4, &info), kBadParameter);
  EQUAL(close(context), 0);
  EQUAL(close(context), kInvalidContext);
  return Finish();
}
