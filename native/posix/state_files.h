#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "node/secret_buffer.h"
#include "posix/file_descriptor.h"

namespace vsc {

/** The software TPM's state: a directory with one file per name, each replaced atomically. */
class StateFiles {
 public:
  /** Opens the directory and removes what a killed writer left in it. Throws ErrnoError. */
  explicit StateFiles(const std::string& directory);

  /**
   * The file's content; nothing when there is no such file. Throws STATE_CORRUPT when the file is
   * damaged.
   */
  std::optional<SecretBuffer> Load(const std::string& name) const;
  /**
   * After it returns the new content is on the disk. After it throws, or is killed, the file holds
   * the old or the new content, never a mixture.
   */
  void Store(const std::string& name, const std::uint8_t* data, std::size_t size) const;
  /** Removes the file for good; true when there was one. */
  bool Remove(const std::string& name) const;

 private:
  std::string PathOf(const std::string& name) const { return directory_path_ + "/" + name; }
  void WriteNew(const std::string& name, const SecretBuffer& content) const;
  void SyncDirectory() const;

  std::string directory_path_;
  FileDescriptor directory_;
};

}  // namespace vsc
