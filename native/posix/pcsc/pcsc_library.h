#pragma once

#include <string>

#include "node/native_error.h"
#include "posix/pcsc/abi.h"

namespace vsc {

/** The system's PC/SC library (libpcsclite, or Apple's), loaded once and never unloaded. */
struct PcscLibrary {
  ScardResult (*establish_context)(ScardWord scope, const void*, const void*,
                                   ScardContextNumber* context);
  ScardResult (*release_context)(ScardContextNumber context);
  ScardResult (*cancel)(ScardContextNumber context);
  ScardResult (*list_readers)(ScardContextNumber context, const char* groups, char* names,
                              ScardWord* size);
  ScardResult (*get_status_change)(ScardContextNumber context, ScardWord milliseconds,
                                   ScardReaderState* states, ScardWord count);
  ScardResult (*connect)(ScardContextNumber context, const char* reader, ScardWord share,
                         ScardWord protocols, ScardHandleNumber* card, ScardWord* protocol);
  ScardResult (*reconnect)(ScardHandleNumber card, ScardWord share, ScardWord protocols,
                           ScardWord initialization, ScardWord* protocol);
  ScardResult (*disconnect)(ScardHandleNumber card, ScardWord disposition);
  ScardResult (*begin_transaction)(ScardHandleNumber card);
  ScardResult (*end_transaction)(ScardHandleNumber card, ScardWord disposition);
  ScardResult (*transmit)(ScardHandleNumber card, const ScardProtocolHeader* send_header,
                          const unsigned char* command, ScardWord command_size,
                          ScardProtocolHeader* receive_header, unsigned char* response,
                          ScardWord* response_size);
  const char* (*stringify_error)(ScardResult result);

  /** Throws NativeError PCSC_NOT_FOUND. */
  static const PcscLibrary& Get();
};

/**
 * "Could not connect to the card: Service not available. (0x8010001D)", with the code HRESULT and
 * the number itself, which is the same on every system.
 */
NativeError PcscError(ScardResult result, const std::string& action);

/** Throws when the call failed. */
void CheckPcsc(ScardResult result, const std::string& action);

/** A result as 32 bits, whatever its width in the library. */
inline std::uint32_t PcscCode(ScardResult result) {
  return static_cast<std::uint32_t>(result);
}

}  // namespace vsc
