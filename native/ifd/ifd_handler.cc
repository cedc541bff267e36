#include "ifd/ifd_handler.h"

#include <cstring>
#include <exception>
#include <stdexcept>

#include "ifd/log.h"
#include "ifd/readers.h"

#define VSC_IFD_EXPORT __attribute__((visibility("default")))

namespace vsc::ifd {

namespace {

constexpr char kVendorName[] = "virtual-smartcard";

/** Runs the work of one call; pcscd is C, which no exception may reach. */
template <typename Work>
ResponseCode Guarded(Work work) noexcept {
  try {
    return work();
  } catch (const std::exception& error) {
    LogError(error.what());
    return kCommunicationError;
  }
}

template <typename Work>
ResponseCode WithSlot(DWord lun, Work work) noexcept {
  return Guarded([&]() -> ResponseCode {
    const std::shared_ptr<Slot> slot = Readers::All().Find(lun);
    return slot ? work(*slot) : kNoSuchDevice;
  });
}

ResponseCode ToResponseCode(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAnswered:
      return kSuccess;
    case Outcome::kTooLong:
      return kErrorInsufficientBuffer;
    case Outcome::kTimeout:
      return kResponseTimeout;
    case Outcome::kGone:
      return kCommunicationError;
  }
  return kCommunicationError;
}

/** What follows the colon of `/dev/null:DIRECTORY`; pcscd looks at the part before it. */
std::string DirectoryOf(const char* device_name) {
  const char* const colon = std::strchr(device_name, ':');
  if (!colon || colon[1] != '/') {
    throw std::runtime_error("DEVICENAME is not of the form /dev/null:DIRECTORY");
  }
  return colon + 1;
}

ResponseCode WaitForChange(DWord lun, int limit_ms) {
  // pcscd pauses after anything but success.
  return WithSlot(lun, [&](Slot& slot) {
    return slot.WaitForChange(std::chrono::milliseconds(limit_ms)) ? kSuccess : kResponseTimeout;
  });
}

ResponseCode StopWaiting(DWord lun) {
  return WithSlot(lun, [](Slot& slot) {
    slot.StopWaiting();
    return kSuccess;
  });
}

ResponseCode Answer(const void* data, DWord size, DWord* length, Byte* value) {
  if (*length < size) return kErrorInsufficientBuffer;
  std::memcpy(value, data, size);
  *length = size;
  return kSuccess;
}

ResponseCode AnswerByte(Byte byte, DWord* length, Byte* value) {
  return Answer(&byte, 1, length, value);
}

template <typename Function>
ResponseCode AnswerFunction(Function* function, DWord* length, Byte* value) {
  return Answer(&function, sizeof(function), length, value);
}

ResponseCode Capability(DWord tag, DWord* length, Byte* value) {
  switch (tag) {
    case kTagSlotsNumber:
      return AnswerByte(kSlotCount, length, value);
    case kTagSlotThreadSafe:
    case kTagThreadSafe:
      return AnswerByte(1, length, value);
    // One reader: more than one of ten slots would not fit into pcscd.
    case kTagSimultaneousAccess:
      return AnswerByte(1, length, value);
    // Killed, a thread would leave its locks taken; it is asked to stop instead.
    case kTagPollingThreadKillable:
      return AnswerByte(0, length, value);
    case kTagPollingThreadWithTimeout:
      return AnswerFunction(WaitForChange, length, value);
    case kTagStopPollingThread:
      return AnswerFunction(StopWaiting, length, value);
    case kAttributeVendorName:
      return Answer(kVendorName, sizeof(kVendorName), length, value);
    // The ATR is pcscd's to tell, which has it from the last power-up.
    case kTagAtr:
    case kAttributeAtrString:
    default:
      return kErrorTag;
  }
}

}  // namespace

}  // namespace vsc::ifd

using vsc::ifd::Byte;
using vsc::ifd::DWord;
using vsc::ifd::ResponseCode;

extern "C" {

VSC_IFD_EXPORT ResponseCode IFDHCreateChannelByName(DWord lun, char* device_name) {
  return vsc::ifd::Guarded([&] {
    vsc::ifd::Readers::All().Open(lun, vsc::ifd::DirectoryOf(device_name));
    return vsc::ifd::kSuccess;
  });
}

VSC_IFD_EXPORT ResponseCode IFDHCreateChannel(DWord, DWord) {
  vsc::ifd::LogError("its reader needs a DEVICENAME");
  return vsc::ifd::kNoSuchDevice;
}

VSC_IFD_EXPORT ResponseCode IFDHCloseChannel(DWord lun) {
  return vsc::ifd::Guarded([&] {
    vsc::ifd::Readers::All().Close(lun);
    return vsc::ifd::kSuccess;
  });
}

VSC_IFD_EXPORT ResponseCode IFDHGetCapabilities(DWord, DWord tag, DWord* length, Byte* value) {
  if (!length || !value) return vsc::ifd::kCommunicationError;
  return vsc::ifd::Capability(tag, length, value);
}

VSC_IFD_EXPORT ResponseCode IFDHSetCapabilities(DWord, DWord, DWord, Byte*) {
  return vsc::ifd::kErrorTag;
}

/** There is no line whose parameters could be set. */
VSC_IFD_EXPORT ResponseCode IFDHSetProtocolParameters(DWord, DWord, Byte, Byte, Byte, Byte) {
  return vsc::ifd::kSuccess;
}

VSC_IFD_EXPORT ResponseCode IFDHPowerICC(DWord lun, DWord action, Byte* atr, DWord* atr_length) {
  return vsc::ifd::WithSlot(lun, [&](vsc::ifd::Slot& slot) -> ResponseCode {
    if (action == vsc::ifd::kPowerDown) {
      // pcscd passes no buffer here. A card that is gone is without power too.
      slot.PowerOff();
      return vsc::ifd::kSuccess;
    }
    if (!atr || !atr_length) return vsc::ifd::kCommunicationError;
    std::size_t length = vsc::ifd::kMaxAtrLength;
    vsc::ifd::Outcome outcome = vsc::ifd::Outcome::kGone;
    if (action == vsc::ifd::kPowerUp) {
      outcome = slot.PowerOn(atr, &length);
    } else if (action == vsc::ifd::kReset) {
      outcome = slot.Reset(atr, &length);
    } else {
      return vsc::ifd::kErrorNotSupported;
    }
    *atr_length = length;
    return outcome == vsc::ifd::Outcome::kAnswered ? vsc::ifd::kSuccess
                                                   : vsc::ifd::kErrorPowerAction;
  });
}

VSC_IFD_EXPORT ResponseCode IFDHTransmitToICC(DWord lun, vsc::ifd::IoHeader send_header,
                                              Byte* command, DWord command_length, Byte* response,
                                              DWord* response_length,
                                              vsc::ifd::IoHeader* response_header) {
  if (!response_length) return vsc::ifd::kCommunicationError;
  std::size_t length = *response_length;
  *response_length = 0;
  return vsc::ifd::WithSlot(lun, [&](vsc::ifd::Slot& slot) {
    const auto outcome = slot.Transmit({command, command_length}, response, &length);
    *response_length = length;
    if (response_header) response_header->protocol = send_header.protocol;
    return vsc::ifd::ToResponseCode(outcome);
  });
}

VSC_IFD_EXPORT ResponseCode IFDHControl(DWord, DWord control_code, Byte*, DWord, Byte*, DWord,
                                        DWord* bytes_returned) {
  if (bytes_returned) *bytes_returned = 0;
  // It has none of the features: no PIN pad, no display.
  if (control_code == vsc::ifd::kControlGetFeatureRequest) return vsc::ifd::kSuccess;
  return vsc::ifd::kErrorNotSupported;
}

VSC_IFD_EXPORT ResponseCode IFDHICCPresence(DWord lun) {
  return vsc::ifd::WithSlot(lun, [](vsc::ifd::Slot& slot) -> ResponseCode {
    return slot.IsCardPresent() ? vsc::ifd::kIccPresent : vsc::ifd::kIccNotPresent;
  });
}
}
