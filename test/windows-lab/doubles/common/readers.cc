#include "common/readers.h"

#include <windows.h>
#include <winscard.h>

#include "common/forwarder_client.h"
#include "common/status_error.h"
#include "common/text.h"

namespace lab {

std::vector<Reader> ListReaders() {
  const Json answer = ForwarderClient::Ask("listReaders", {});
  std::vector<Reader> readers;
  for (const Json& reader : answer.At("readers").Elements()) {
    readers.push_back({
        Wide(reader.At("readerName").String()),
        Wide(reader.At("instanceId").String()),
        static_cast<unsigned long>(reader.At("deviceType").Number()),
        reader.At("hasCard").Boolean(),
    });
  }
  return readers;
}

Reader FindReader(const std::wstring& name) {
  for (const Reader& reader : ListReaders()) {
    if (SameName(reader.name, name)) return reader;
  }
  throw StatusError(static_cast<uint32_t>(SCARD_E_UNKNOWN_READER));
}

}  // namespace lab
