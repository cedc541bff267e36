#pragma once

#include <cstdint>

namespace vsc {

// What of libtpms' C interface (its tpm_library.h, stable since 0.5) is used here. Declared by
// ourselves, so that building needs no libtpms and running finds it only where it is used.

using TpmResult = std::uint32_t;
constexpr TpmResult kTpmSuccess = 0x00;
constexpr TpmResult kTpmFail = 0x09;
/** From `load`: there is no such state yet. */
constexpr TpmResult kTpmRetry = 0x800;

constexpr int kTpmVersion2 = 1;

/** struct libtpms_callbacks */
struct LibtpmsCallbacks {
  int size_of_struct;
  TpmResult (*nvram_init)();
  TpmResult (*nvram_load)(unsigned char** data, std::uint32_t* length, std::uint32_t tpm_number,
                          const char* name);
  TpmResult (*nvram_store)(const unsigned char* data, std::uint32_t length,
                           std::uint32_t tpm_number, const char* name);
  TpmResult (*nvram_delete)(std::uint32_t tpm_number, const char* name, unsigned char must_exist);
  TpmResult (*io_init)();
  TpmResult (*io_get_locality)(std::uint32_t* locality, std::uint32_t tpm_number);
  TpmResult (*io_get_physical_presence)(unsigned char* presence, std::uint32_t tpm_number);
};

/** libtpms, loaded once per process and never unloaded. */
struct LibtpmsLibrary {
  TpmResult (*choose_version)(int version);
  TpmResult (*register_callbacks)(LibtpmsCallbacks* callbacks);
  TpmResult (*main_init)();
  void (*terminate)();
  TpmResult (*process)(unsigned char** response, std::uint32_t* response_size,
                       std::uint32_t* response_capacity, unsigned char* command,
                       std::uint32_t command_size);
  TpmResult (*cancel_command)();
  void (*set_debug_fd)(int file);

  /** Throws NativeError LIBTPMS_NOT_FOUND, or LIBTPMS_BUSY when it is somebody else's already. */
  static const LibtpmsLibrary& Load();
};

}  // namespace vsc
