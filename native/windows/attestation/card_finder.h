#pragma once

#include <string>

#include "node/calls/call_line.h"
#include "windows/attestation/smart_cards.h"
#include "windows/system/com_ptr.h"

namespace vsc {

/**
 * Finds cards by the names of their readers. The Windows Runtime knows readers by device ids of its
 * own, so all of them are asked for their names.
 */
class CardFinder {
 public:
  /** Throws NativeError where this Windows does not have the classes. */
  CardFinder();

  /** Throws NativeError, also when there is no such reader or no card in it. */
  ComPtr<winrt::SmartCard> Find(CallLine& line, const std::wstring& reader_name) const;

 private:
  ComPtr<winrt::DeviceInformationView> ListDevices(CallLine& line) const;
  ComPtr<winrt::SmartCardReader> OpenReader(CallLine& line,
                                            const ComPtr<winrt::DeviceInformation>& device) const;

  ComPtr<winrt::SmartCardReaderStatics> readers_;
  ComPtr<winrt::DeviceInformationStatics> devices_;
};

}  // namespace vsc
