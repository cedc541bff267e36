#include "windows/attestation/card_finder.h"

#include <optional>

#include "windows/winrt/activation_factory.h"
#include "windows/winrt/await_operation.h"
#include "windows/winrt/runtime_string.h"

namespace vsc {

namespace {

template <typename Item>
UINT32 SizeOf(const ComPtr<winrt::VectorView<Item>>& view, const std::string& action) {
  if (!view) throw HresultError(E_POINTER, action);
  UINT32 size = 0;
  CheckHresult(view.get()->table->get_Size(view.get(), &size), action);
  return size;
}

template <typename Item>
ComPtr<Item> ItemOf(const ComPtr<winrt::VectorView<Item>>& view, UINT32 index,
                    const std::string& action) {
  ComPtr<Item> item;
  CheckHresult(view.get()->table->GetAt(view.get(), index, ReceiveFrom(item)), action);
  if (!item) throw HresultError(E_POINTER, action);
  return item;
}

std::wstring NameOf(const ComPtr<winrt::SmartCardReader>& reader) {
  RuntimeString name;
  CheckHresult(reader.get()->table->get_Name(reader.get(), name.Receive()),
               "get the name of a smart card reader");
  return TextOf(name);
}

ComPtr<winrt::SmartCard> CardIn(CallLine& line, const ComPtr<winrt::SmartCardReader>& reader,
                                const std::wstring& reader_name) {
  const std::string action = "find the card in the reader " + ToUtf8(reader_name);
  ComPtr<winrt::AsyncOperation<winrt::SmartCardView*>> operation;
  CheckHresult(reader.get()->table->FindAllCardsAsync(reader.get(), ReceiveFrom(operation)),
               action);
  ComPtr<winrt::SmartCardView> cards;
  AwaitResult(line, operation, ReceiveFrom(cards), action);
  if (SizeOf(cards, action) == 0) throw HresultError(HRESULT_FROM_WIN32(ERROR_NOT_FOUND), action);
  return ItemOf(cards, 0, action);
}

}  // namespace

CardFinder::CardFinder()
    : readers_(ActivationFactory<winrt::SmartCardReaderStatics>(winrt::kSmartCardReaderClass,
                                                                winrt::kSmartCardReaderStatics)),
      devices_(ActivationFactory<winrt::DeviceInformationStatics>(
          winrt::kDeviceInformationClass, winrt::kDeviceInformationStatics)) {}

ComPtr<winrt::SmartCard> CardFinder::Find(CallLine& line, const std::wstring& reader_name) const {
  const std::string action = "find the reader " + ToUtf8(reader_name);
  const ComPtr<winrt::DeviceInformationView> devices = ListDevices(line);
  std::optional<NativeError> failure;
  for (UINT32 index = 0, size = SizeOf(devices, action); index < size; ++index) {
    ComPtr<winrt::SmartCardReader> reader;
    try {
      reader = OpenReader(line, ItemOf(devices, index, action));
      if (NameOf(reader) != reader_name) continue;
    } catch (const NativeError& error) {
      // Another reader may be out of order; it matters only if the one looked for is not there.
      if (line.stop_requested()) throw;
      if (!failure) failure = error;
      continue;
    }
    return CardIn(line, reader, reader_name);
  }
  if (failure) throw NativeError(*failure);
  throw HresultError(HRESULT_FROM_WIN32(ERROR_NOT_FOUND), action);
}

ComPtr<winrt::DeviceInformationView> CardFinder::ListDevices(CallLine& line) const {
  const std::string action = "list the smart card readers";
  RuntimeString selector;
  CheckHresult(readers_.get()->table->GetDeviceSelector(readers_.get(), selector.Receive()),
               action);
  ComPtr<winrt::AsyncOperation<winrt::DeviceInformationView*>> operation;
  CheckHresult(devices_.get()->table->FindAllAsyncAqsFilter(devices_.get(), selector.get(),
                                                            ReceiveFrom(operation)),
               action);
  ComPtr<winrt::DeviceInformationView> devices;
  AwaitResult(line, operation, ReceiveFrom(devices), action);
  return devices;
}

ComPtr<winrt::SmartCardReader> CardFinder::OpenReader(
    CallLine& line, const ComPtr<winrt::DeviceInformation>& device) const {
  const std::string action = "open a smart card reader";
  RuntimeString id;
  CheckHresult(device.get()->table->get_Id(device.get(), id.Receive()), action);
  ComPtr<winrt::AsyncOperation<winrt::SmartCardReader*>> operation;
  CheckHresult(readers_.get()->table->FromIdAsync(readers_.get(), id.get(), ReceiveFrom(operation)),
               action);
  ComPtr<winrt::SmartCardReader> reader;
  AwaitResult(line, operation, ReceiveFrom(reader), action);
  if (!reader) throw HresultError(E_POINTER, action);
  return reader;
}

}  // namespace vsc
