#pragma once

#include <memory>
#include <mutex>

#include "card/card_keys.h"
#include "ncrypt/component.h"

namespace lab {

/** What an NCRYPT_PROV_HANDLE stands for. */
struct Provider {
  std::mutex mutex;
  /** The reader that SmartCardReader named; empty for any. */
  std::wstring reader;
  std::wstring useContext;
};

/** What an NCRYPT_KEY_HANDLE stands for. */
struct Key {
  std::mutex mutex;
  NCRYPT_PROV_HANDLE provider = 0;
  std::wstring reader;
  std::wstring container;
  std::wstring algorithm;
  uint32_t bits = 0;
  bool isKeyExchange = true;
  /** The key on the card; nothing before NCryptFinalizeKey. */
  std::optional<CardKey> card;
  std::wstring useContext;
};

NCRYPT_PROV_HANDLE AddProvider(std::shared_ptr<Provider> provider);
NCRYPT_KEY_HANDLE AddKey(std::shared_ptr<Key> key);

/** These throw StatusError(NTE_INVALID_HANDLE) for a handle that is not open, or of the other kind.
 */
std::shared_ptr<Provider> FindProvider(NCRYPT_HANDLE handle);
std::shared_ptr<Key> FindKey(NCRYPT_HANDLE handle);
void FreeHandle(NCRYPT_HANDLE handle);
/** How many handles of both kinds this process has. */
size_t OpenHandles();

bool IsProvider(NCRYPT_HANDLE handle);
bool IsKey(NCRYPT_HANDLE handle);

/** The key of a handle that is on the card: NTE_BAD_KEY_STATE before NCryptFinalizeKey. */
const CardKey& Finalized(const Key& key);

}  // namespace lab
