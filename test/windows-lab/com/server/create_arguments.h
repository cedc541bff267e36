#pragma once

#include <windows.h>

#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/json.h"

namespace lab {

/** A pointer and a count, as they came in. */
struct SizedBytes {
  const BYTE* bytes;
  DWORD size;
};

/** What a card is created with: the parameters that the three methods have in common, and more. */
struct CreateArguments {
  const WCHAR* friendlyName;
  BYTE adminAlgorithmId;
  SizedBytes adminKey;
  SizedBytes adminKcv;
  SizedBytes puk;
  SizedBytes pin;
  /** CreateVirtualSmartCard has no policy and takes no PIN below 8 bytes. */
  std::optional<SizedBytes> pinPolicy;
  /** CreateVirtualSmartCardWithAttestation only. */
  std::optional<int> attestationType;
  BOOL generate;
  bool hasCallback;

  /** All of it, byte for byte, for the record. */
  Json::Object Record() const;
  /** Throws the Failure that Windows would answer with, for everything the specification forbids.
   */
  void Check() const;
  /** What the forwarder makes a card of. */
  Json::Object Request() const;
};

}  // namespace lab
