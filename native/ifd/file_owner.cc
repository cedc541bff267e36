#include "ifd/file_owner.h"

#include <sys/fsuid.h>

namespace vsc::ifd {

namespace {

/** An id that nobody has leaves everything as it is; the answer is the one in force. */
constexpr uid_t kNobody = static_cast<uid_t>(-1);

}  // namespace

// The group first, and back last: only the user decides whether the group may be changed.
ActingAsFileOwner::ActingAsFileOwner(uid_t user, gid_t group)
    : former_group_(static_cast<gid_t>(setfsgid(group))) {
  former_user_ = static_cast<uid_t>(setfsuid(user));
  succeeded_ = static_cast<uid_t>(setfsuid(kNobody)) == user;
}

ActingAsFileOwner::~ActingAsFileOwner() {
  setfsuid(former_user_);
  setfsgid(former_group_);
}

}  // namespace vsc::ifd
