#pragma once

#include <cstdint>

namespace vsc {

/**
 * The user who made the other end of a connected UNIX socket: as the kernel saw him when he
 * connected or listened. Throws NativeError with the errno's name.
 */
std::uint32_t PeerUser(int socket);

/**
 * Has what arrived on a TCP socket acknowledged at once. The kernel forgets it again, so that it is
 * called after every read. Does nothing where there is no such option.
 */
void AcknowledgeAtOnce(int socket);

}  // namespace vsc
