#pragma once

#include <sys/types.h>

namespace vsc::ifd {

/**
 * While it lives, this thread works on files with the rights of their owner: whatever that user
 * puts into a directory of his, a link for example, leads pcscd nowhere that he could not go
 * himself.
 */
class ActingAsFileOwner {
 public:
  ActingAsFileOwner(uid_t user, gid_t group);
  ~ActingAsFileOwner();

  ActingAsFileOwner(const ActingAsFileOwner&) = delete;
  ActingAsFileOwner& operator=(const ActingAsFileOwner&) = delete;

  /** Whether this process may do so: root may, everybody else as himself only. */
  bool succeeded() const { return succeeded_; }

 private:
  uid_t former_user_;
  gid_t former_group_;
  bool succeeded_;
};

}  // namespace vsc::ifd
