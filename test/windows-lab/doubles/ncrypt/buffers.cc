#include "ncrypt/buffers.h"

#include <cstring>
#include <map>
#include <mutex>

namespace lab {
namespace {

std::mutex buffersMutex;
std::map<void*, std::unique_ptr<uint8_t[]>> names;
std::map<void*, std::unique_ptr<Enumeration>> enumerations;

size_t SizeOf(const std::wstring& text) {
  return (text.size() + 1) * sizeof(wchar_t);
}

}  // namespace

NCryptKeyName* NewKeyName(const CardKey& key) {
  const size_t nameSize = SizeOf(key.container);
  const size_t algorithmSize = SizeOf(key.type.algorithm);
  auto block = std::make_unique<uint8_t[]>(sizeof(NCryptKeyName) + nameSize + algorithmSize);
  auto* const result = reinterpret_cast<NCryptKeyName*>(block.get());
  result->pszName = reinterpret_cast<LPWSTR>(block.get() + sizeof(NCryptKeyName));
  result->pszAlgid = reinterpret_cast<LPWSTR>(block.get() + sizeof(NCryptKeyName) + nameSize);
  result->dwLegacyKeySpec = key.isKeyExchange ? AT_KEYEXCHANGE : AT_SIGNATURE;
  result->dwFlags = 0;
  std::memcpy(result->pszName, key.container.c_str(), nameSize);
  std::memcpy(result->pszAlgid, key.type.algorithm.c_str(), algorithmSize);
  const std::lock_guard<std::mutex> lock(buffersMutex);
  names.emplace(result, std::move(block));
  return result;
}

Enumeration* NewEnumeration(std::vector<CardKey> keys) {
  auto enumeration = std::make_unique<Enumeration>();
  enumeration->keys = std::move(keys);
  Enumeration* const result = enumeration.get();
  const std::lock_guard<std::mutex> lock(buffersMutex);
  enumerations.emplace(result, std::move(enumeration));
  return result;
}

Enumeration& FindEnumeration(void* state) {
  const std::lock_guard<std::mutex> lock(buffersMutex);
  const auto found = enumerations.find(state);
  Require(found != enumerations.end(), Code(NTE_INVALID_PARAMETER));
  return *found->second;
}

void FreeBuffer(void* buffer) {
  const std::lock_guard<std::mutex> lock(buffersMutex);
  Require(names.erase(buffer) + enumerations.erase(buffer) == 1, Code(NTE_INVALID_PARAMETER));
}

size_t OpenBuffers() {
  const std::lock_guard<std::mutex> lock(buffersMutex);
  return names.size() + enumerations.size();
}

}  // namespace lab
