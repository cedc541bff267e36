#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
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
  /** What the user sees it by; the one that it has, if any, stays where this is nothing. */
  std::optional<std::wstring> friendly_name;
};

/**
 * The user's own certificates: the store "My" of the current user. Silent. One exists at a time,
 * and another thread's waits for it to go: a store may be saved as a whole, and then undo what was
 * saved since it was opened. All throw NativeError.
 */
class UserStore {
 public:
  UserStore();

  /** With its link at once. False when it was there: then it only gets link and name. */
  bool Add(const LinkedCertificate& certificate);
  /** False when there is none of these bytes that is linked to that container of a card. */
  bool Remove(const std::vector<std::uint8_t>& bytes, const std::wstring& container);
  /** What is linked to keys of cards; other certificates are left out. */
  std::vector<LinkedCertificate> List() const;

 private:
  /** Saves changes, in stores that do not do it at once. */
  void Commit();

  /** Ends when the store has been closed. */
  std::unique_lock<std::timed_mutex> turn_;
  CertificateStore store_;
};

}  // namespace vsc
