#pragma once

#include <sys/types.h>

#include <string>

#include "posix/file_descriptor.h"

namespace vsc::ifd {

/**
 * The UNIX socket of one slot, to which the owner of its directory connects, and nobody else: the
 * directory lets no other user in, and the peer is asked besides.
 */
class Listener {
 public:
  /** Throws std::runtime_error when the directory is not as it must be. */
  Listener(const std::string& directory, unsigned slot);
  ~Listener();

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /**
   * The next who waits and is let in; not valid when nobody waits. Others are cut off. Throws
   * std::runtime_error when there is no taking of who waits.
   */
  FileDescriptor Accept();

  /** Takes the socket away, so that nobody connects any more. */
  void Stop() noexcept;

  /** Readable while somebody waits. */
  int descriptor() const { return socket_.get(); }

  const std::string& path() const { return path_; }

 private:
  void Bind();
  bool IsAllowed(int peer) const;

  std::string path_;
  uid_t owner_ = 0;
  gid_t group_ = 0;
  FileDescriptor socket_;
  bool is_bound_ = false;
};

}  // namespace vsc::ifd
