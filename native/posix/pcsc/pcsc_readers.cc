#include "posix/pcsc/pcsc_readers.h"

#include <algorithm>

#include "posix/pcsc/pcsc_context.h"

namespace vsc {

void ListPcscReadersCall::Work(CallLine&) {
  const PcscContext context = EstablishPcscContext();
  for (const std::string& name : PcscReaderNames(context)) {
    ScardReaderState state = {};
    state.reader = name.c_str();
    state.current_state = scard::kStateUnaware;
    const ScardResult result = PcscLibrary::Get().get_status_change(context.get(), 0, &state, 1);
    const std::uint32_t code = PcscCode(result);
    // It went meanwhile.
    if (code == scard::kUnknownReader || code == scard::kReaderUnavailable) continue;
    if (code != scard::kTimeout) CheckPcsc(result, "ask for the state of the reader " + name);
    PcscReader reader;
    reader.name = name;
    reader.events = static_cast<std::uint32_t>(state.event_state) >> 16;
    if ((state.event_state & scard::kStatePresent) != 0) {
      const std::size_t size = std::min<std::size_t>(state.atr_size, sizeof(state.atr));
      reader.atr.assign(state.atr, state.atr + size);
    }
    readers_.push_back(std::move(reader));
  }
}

Napi::Value ListPcscReadersCall::Result(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env, readers_.size());
  for (std::uint32_t i = 0; i < readers_.size(); ++i) {
    const PcscReader& reader = readers_[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("readerName", Napi::String::New(env, reader.name));
    object.Set("atr", Napi::Buffer<std::uint8_t>::Copy(env, reader.atr.data(), reader.atr.size()));
    object.Set("events", Napi::Number::New(env, reader.events));
    list.Set(i, object);
  }
  return list;
}

}  // namespace vsc
