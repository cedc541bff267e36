#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "windows/certificates/certificate_handles.h"
#include "windows/certificates/key_link.h"

namespace vsc {

/** A certificate of the store that belongs to a card's key. */
struct LinkedCertificate {
  /** DER. */
  std::vector<std::uint8_t> bytes;
  KeyLink link;
};

/**
 * The user's own certificates: the store "My" of the current user. Silent. All throw NativeError.
 * One exists at a time: a store may be saved as a whole, and then undo what was saved since it was
 * opened.
 */
class UserStore {
 public:
  UserStore();

  /** With its link at once. False when it was there: then it only gets the link. */
  bool Add(const LinkedCertificate& certificate);
  /** False when there is none of these bytes that is linked to that container of a card. */
  bool Remove(const std::vector<std::uint8_t>& bytes, const std::wstring& container);
  /** What is linked to keys of cards; other certificates are left out. */
  std::vector<LinkedCertificate> List() const;

 private:
  /** Saves changes, in stores that do not do it at once. */
  void Commit();

  const std::lock_guard<std::mutex> turn_;
  CertificateStore store_;
};

}  // namespace vsc
