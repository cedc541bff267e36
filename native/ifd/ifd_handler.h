#pragma once

// What a driver of pcscd looks like: the IFD handler interface, version 3. It is declared here,
// since its headers come with pcscd's sources and nothing else of them is needed. pcscd calls these
// functions by their names, those of one slot one at a time, those of several slots at once.

namespace vsc::ifd {

/** pcscd's types on Linux: what Windows calls a DWORD has the size of a pointer. */
using DWord = unsigned long;
using Byte = unsigned char;
using ResponseCode = long;

/** Which protocol an APDU goes by. */
struct IoHeader {
  DWord protocol;
  DWord length;
};

/** The names of the standard without their prefix IFD_. */
enum Response : ResponseCode {
  kSuccess = 0,
  kErrorTag = 600,
  kErrorNotSupported = 606,
  kErrorPowerAction = 608,
  kCommunicationError = 612,
  kResponseTimeout = 613,
  kIccPresent = 615,
  kIccNotPresent = 616,
  kNoSuchDevice = 617,
  kErrorInsufficientBuffer = 618,
};

/** What IFDHPowerICC is told to do. */
enum PowerAction : DWord { kPowerUp = 500, kPowerDown = 501, kReset = 502 };

/** What IFDHGetCapabilities is asked for: the handler's own tags, and two of PC/SC part 3. */
enum Tag : DWord {
  kTagAtr = 0x0303,
  kTagSlotThreadSafe = 0x0FAC,
  kTagThreadSafe = 0x0FAD,
  kTagSlotsNumber = 0x0FAE,
  kTagSimultaneousAccess = 0x0FAF,
  kTagPollingThreadKillable = 0x0FB1,
  kTagStopPollingThread = 0x0FB2,
  kTagPollingThreadWithTimeout = 0x0FB3,
  kAttributeVendorName = 0x00010100,
  kAttributeAtrString = 0x00090303,
};

/** Longest answer to reset (ISO/IEC 7816-3). */
constexpr DWord kMaxAtrLength = 33;

/** PC/SC part 10: "which features has this reader?" */
constexpr DWord kControlGetFeatureRequest = 0x42000000 + 3400;

}  // namespace vsc::ifd

extern "C" {

vsc::ifd::ResponseCode IFDHCreateChannelByName(vsc::ifd::DWord lun, char* device_name);
vsc::ifd::ResponseCode IFDHCreateChannel(vsc::ifd::DWord lun, vsc::ifd::DWord channel);
vsc::ifd::ResponseCode IFDHCloseChannel(vsc::ifd::DWord lun);
vsc::ifd::ResponseCode IFDHGetCapabilities(vsc::ifd::DWord lun, vsc::ifd::DWord tag,
                                           vsc::ifd::DWord* length, vsc::ifd::Byte* value);
vsc::ifd::ResponseCode IFDHSetCapabilities(vsc::ifd::DWord lun, vsc::ifd::DWord tag,
                                           vsc::ifd::DWord length, vsc::ifd::Byte* value);
vsc::ifd::ResponseCode IFDHSetProtocolParameters(vsc::ifd::DWord lun, vsc::ifd::DWord protocol,
                                                 vsc::ifd::Byte flags, vsc::ifd::Byte pts1,
                                                 vsc::ifd::Byte pts2, vsc::ifd::Byte pts3);
vsc::ifd::ResponseCode IFDHPowerICC(vsc::ifd::DWord lun, vsc::ifd::DWord action,
                                    vsc::ifd::Byte* atr, vsc::ifd::DWord* atr_length);
vsc::ifd::ResponseCode IFDHTransmitToICC(vsc::ifd::DWord lun, vsc::ifd::IoHeader send_header,
                                         vsc::ifd::Byte* command, vsc::ifd::DWord command_length,
                                         vsc::ifd::Byte* response, vsc::ifd::DWord* response_length,
                                         vsc::ifd::IoHeader* response_header);
vsc::ifd::ResponseCode IFDHControl(vsc::ifd::DWord lun, vsc::ifd::DWord control_code,
                                   vsc::ifd::Byte* request, vsc::ifd::DWord request_length,
                                   vsc::ifd::Byte* answer, vsc::ifd::DWord answer_length,
                                   vsc::ifd::DWord* bytes_returned);
vsc::ifd::ResponseCode IFDHICCPresence(vsc::ifd::DWord lun);
}
