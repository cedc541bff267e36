#pragma once

#include <cstddef>
#include <cstdint>

namespace vsc {

// What of PC/SC's C interface is used here. Declared by ourselves, so that building needs no
// pcsclite and running finds it only where it is used.

#ifdef __APPLE__
using ScardWord = std::uint32_t;
using ScardResult = std::int32_t;
// Apple packs its structures.
#define VSC_PCSC_PACK _Pragma("pack(push, 1)")
#define VSC_PCSC_UNPACK _Pragma("pack(pop)")
constexpr const char* kPcscLibrary = "/System/Library/Frameworks/PCSC.framework/PCSC";
#else
// pcsclite's DWORD and LONG are as wide as the processor's words.
using ScardWord = unsigned long;
using ScardResult = long;
#define VSC_PCSC_PACK
#define VSC_PCSC_UNPACK
constexpr const char* kPcscLibrary = "libpcsclite.so.1";
#endif

/** SCARDCONTEXT and SCARDHANDLE. */
using ScardContextNumber = ScardResult;
using ScardHandleNumber = ScardResult;

VSC_PCSC_PACK

/** SCARD_IO_REQUEST */
struct ScardProtocolHeader {
  ScardWord protocol;
  ScardWord size;
};

/** SCARD_READERSTATE */
struct ScardReaderState {
  const char* reader;
  void* user_data;
  ScardWord current_state;
  /** The upper half counts insertions and removals. */
  ScardWord event_state;
  ScardWord atr_size;
  unsigned char atr[33];
};

VSC_PCSC_UNPACK

#undef VSC_PCSC_PACK
#undef VSC_PCSC_UNPACK

namespace scard {

constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kCancelled = 0x80100002;
constexpr std::uint32_t kInvalidParameter = 0x80100004;
constexpr std::uint32_t kInsufficientBuffer = 0x80100008;
constexpr std::uint32_t kUnknownReader = 0x80100009;
constexpr std::uint32_t kTimeout = 0x8010000A;
constexpr std::uint32_t kReaderUnavailable = 0x80100017;
constexpr std::uint32_t kNoService = 0x8010001D;
constexpr std::uint32_t kNoReadersAvailable = 0x8010002E;

constexpr ScardWord kScopeSystem = 2;
constexpr ScardWord kShared = 2;
constexpr ScardWord kProtocols = 1 | 2;  // T=0, T=1
constexpr ScardWord kLeaveCard = 0;
constexpr ScardWord kResetCard = 1;

constexpr ScardWord kStateUnaware = 0;
constexpr ScardWord kStateChanged = 0x0002;
constexpr ScardWord kStateEmpty = 0x0010;
constexpr ScardWord kStatePresent = 0x0020;
constexpr ScardWord kStateExclusive = 0x0080;
constexpr ScardWord kStateMute = 0x0200;

/** A reader of this name stands for the coming and going of readers. */
constexpr const char* kReadersThemselves = "\\\\?PnP?\\Notification";

}  // namespace scard

}  // namespace vsc
