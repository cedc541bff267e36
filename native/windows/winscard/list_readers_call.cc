#include "windows/winscard/list_readers_call.h"

#include <algorithm>

#include "windows/system/hresult_error.h"
#include "windows/system/wide_string.h"
#include "windows/winscard/reader_names.h"

namespace vsc {

namespace {

/** A reader that goes while it is asked about is left out, or comes without what is not known. */
bool IsGone(LONG result) {
  return result == SCARD_E_UNKNOWN_READER || result == SCARD_E_READER_UNAVAILABLE ||
         result == SCARD_E_NO_READERS_AVAILABLE;
}

/** False when the reader is gone. */
bool Answered(LONG result, const std::wstring& reader, const char* question) {
  if (IsGone(result)) return false;
  CheckCode(result, std::string("get the ") + question + " of the reader " + ToUtf8(reader));
  return true;
}

std::wstring InstanceId(const ScardContext& context, const std::wstring& reader) {
  const WinscardLibrary& winscard = WinscardLibrary::Get();
  DWORD length = 0;
  LONG result = winscard.GetReaderDeviceInstanceId(context.get(), reader.c_str(), nullptr, &length);
  if (!Answered(result, reader, "device instance id")) return {};
  std::wstring id(length, L'\0');
  result = winscard.GetReaderDeviceInstanceId(context.get(), reader.c_str(), id.data(), &length);
  if (!Answered(result, reader, "device instance id")) return {};
  id.resize(id.find(L'\0') == std::wstring::npos ? length : id.find(L'\0'));
  return id;
}

std::vector<std::uint8_t> Atr(const ScardContext& context, const std::wstring& reader) {
  SCARD_READERSTATEW state = {};
  state.szReader = reader.c_str();
  state.dwCurrentState = SCARD_STATE_UNAWARE;
  const LONG result = WinscardLibrary::Get().GetStatusChange(context.get(), 0, &state, 1);
  if (result == SCARD_E_TIMEOUT || !Answered(result, reader, "ATR")) return {};
  const std::size_t size = std::min<std::size_t>(state.cbAtr, sizeof(state.rgbAtr));
  return std::vector<std::uint8_t>(state.rgbAtr, state.rgbAtr + size);
}

}  // namespace

void ListReadersCall::Work(CallLine&) {
  const ScardContext context = EstablishScardContext();
  for (const std::wstring& name : ReaderNames(context)) {
    readers_.push_back(Describe(context, name));
  }
}

ReaderEntry ListReadersCall::Describe(const ScardContext& context, const std::wstring& name) {
  ReaderEntry entry;
  entry.name = name;
  DWORD type = 0;
  const LONG result = WinscardLibrary::Get().GetDeviceTypeId(context.get(), name.c_str(), &type);
  if (Answered(result, name, "device type")) entry.device_type = type;
  entry.instance_id = InstanceId(context, name);
  entry.atr = Atr(context, name);
  return entry;
}

Napi::Value ListReadersCall::Result(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env, readers_.size());
  for (std::uint32_t i = 0; i < readers_.size(); ++i) {
    const ReaderEntry& reader = readers_[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("readerName", ToJavaScript(env, reader.name));
    object.Set("deviceType", reader.device_type
                                 ? Napi::Value(Napi::Number::New(env, *reader.device_type))
                                 : Napi::Value(env.Undefined()));
    object.Set("instanceId", ToJavaScript(env, reader.instance_id));
    object.Set("atr", Napi::Buffer<std::uint8_t>::Copy(env, reader.atr.data(), reader.atr.size()));
    list.Set(i, object);
  }
  return list;
}

}  // namespace vsc
