#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "card/card_keys.h"
#include "card/hash.h"
#include "csp/component.h"

namespace lab {

/** What an HCRYPTHASH of the CSP stands for. */
struct HashObject {
  ALG_ID algorithm;
  Hash hash;
  /** What CryptHashData gave, until the value is asked for or set. */
  Bytes data;
  std::optional<Bytes> value;
};

/**
 * Containers that CRYPT_NEWKEYSET has made and that have no key yet. They stay until they get one
 * or are deleted. Windows has them on the card, this double has them in the process.
 */
class EmptyContainers {
 public:
  static void Add(const std::wstring& reader, const std::wstring& container);
  static bool Has(const std::wstring& reader, const std::wstring& container);
  /** False when there was none. */
  static bool Remove(const std::wstring& reader, const std::wstring& container);
};

/** What an HCRYPTPROV of the CSP stands for: a container on a card, or a card for its public data.
 */
struct CspContext {
  std::mutex mutex;
  std::wstring reader;
  /** Empty in a context that has no container. */
  std::wstring container;
  bool isSilent = false;
  /** Public data only: CRYPT_VERIFYCONTEXT, or no default container. */
  bool isVerifyOnly = false;
  std::map<HCRYPTKEY, CardKey> keys;
  std::map<HCRYPTHASH, HashObject> hashes;
  /** What PP_ENUMCONTAINERS has yet to give. */
  std::vector<std::string> names;
  size_t nextName = 0;
};

/** A context that is locked for as long as this lives. */
class LockedContext {
 public:
  /** Throws StatusError(NTE_BAD_UID), the code for a handle that is not a context. */
  explicit LockedContext(HCRYPTPROV handle);
  CspContext* operator->() const { return context_.get(); }
  CspContext& operator*() const { return *context_; }

  const CardKey& Key(HCRYPTKEY key) const;
  HashObject& HashOf(HCRYPTHASH hash) const;

 private:
  std::shared_ptr<CspContext> context_;
  std::unique_lock<std::mutex> lock_;
};

HCRYPTPROV AddContext(std::shared_ptr<CspContext> context);
void RemoveContext(HCRYPTPROV handle);

/** What is open when a context is to be released: `{ contexts, keys, hashes }`, the last two its
 * own. */
Json::Object OpenHandles(HCRYPTPROV handle);

/** A number for a key or hash handle: none is given twice. */
ULONG_PTR NextHandle();

}  // namespace lab
