#include "server/key_check_value.h"

#include <bcrypt.h>

#include <stdexcept>

namespace lab {
namespace {

constexpr ULONG kKeySize = 24;
constexpr ULONG kBlockSize = 8;
constexpr size_t kValueSize = 3;

void Check(NTSTATUS status) {
  if (status != 0) throw std::runtime_error("BCrypt does no 3DES");
}

}  // namespace

Bytes KeyCheckValue(const BYTE* key) {
  BCRYPT_ALG_HANDLE algorithm = nullptr;
  BCRYPT_KEY_HANDLE handle = nullptr;
  Check(BCryptOpenAlgorithmProvider(&algorithm, L"3DES", nullptr, 0));
  Check(BCryptGenerateSymmetricKey(algorithm, &handle, nullptr, 0, const_cast<PUCHAR>(key),
                                   kKeySize, 0));
  UCHAR zeros[kBlockSize] = {};
  UCHAR vector[kBlockSize] = {};
  UCHAR result[kBlockSize] = {};
  ULONG size = 0;
  const NTSTATUS status = BCryptEncrypt(handle, zeros, kBlockSize, nullptr, vector, kBlockSize,
                                        result, kBlockSize, &size, 0);
  BCryptDestroyKey(handle);
  BCryptCloseAlgorithmProvider(algorithm, 0);
  Check(status);
  return Bytes(result, result + kValueSize);
}

}  // namespace lab
