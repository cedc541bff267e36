#include "ifd/publisher.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace vsc::ifd {

namespace {

/** The longest response APDU: 65536 bytes of data and the status word. */
constexpr std::size_t kMaxAnswer = 65536 + 2;
constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kHeaderSize = kLengthSize + 1;
constexpr std::size_t kMaxBody = 1 << 20;

using Header = std::array<std::uint8_t, kHeaderSize>;

Header MakeHeader(Request request, std::size_t body_size) {
  const std::size_t length = body_size + 1;
  return {static_cast<std::uint8_t>(length >> 24), static_cast<std::uint8_t>(length >> 16),
          static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length),
          static_cast<std::uint8_t>(request)};
}

std::size_t ReadLength(const std::array<std::uint8_t, kLengthSize>& bytes) {
  return std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 | std::size_t{bytes[2]} << 8 |
         std::size_t{bytes[3]};
}

}  // namespace

bool Publisher::Greet() {
  const std::array<std::uint8_t, 1> version = {kFrameVersion};
  // The socket is new, so that there is room for this.
  const auto now = Clock::now();
  return Send(Request::kGreeting, {version.data(), version.size()}, now) == Outcome::kAnswered;
}

Outcome Publisher::Ask(Request request, ConstBytes body, std::uint8_t* answer, std::size_t* length,
                       std::chrono::milliseconds limit) {
  const std::lock_guard<std::mutex> lock(asking_);
  const Outcome outcome = Exchange(request, body, answer, length, Clock::now() + limit);
  if (outcome != Outcome::kAnswered) *length = 0;
  // What comes later would be taken for the answer to another request.
  if (outcome == Outcome::kGone || outcome == Outcome::kTimeout) CutOff();
  return outcome;
}

Outcome Publisher::Exchange(Request request, ConstBytes body, std::uint8_t* answer,
                            std::size_t* length, Clock::time_point deadline) {
  const std::size_t capacity = *length;
  std::uint8_t unasked = 0;
  const ssize_t early = recv(socket_.get(), &unasked, 1, MSG_PEEK | MSG_DONTWAIT);
  if (early >= 0 || body.size > kMaxBody) return Outcome::kGone;
  if (const Outcome sent = Send(request, body, deadline); sent != Outcome::kAnswered) return sent;
  std::array<std::uint8_t, kLengthSize> prefix = {};
  const Outcome begun = Receive(prefix.data(), prefix.size(), deadline);
  if (begun != Outcome::kAnswered) return begun;
  const std::size_t size = ReadLength(prefix);
  if (size > kMaxAnswer) return Outcome::kGone;
  if (size > capacity) return Discard(size, deadline);
  *length = size;
  const Outcome received = Receive(answer, size, deadline);
  // Half an answer is none.
  if (received != Outcome::kAnswered) explicit_bzero(answer, size);
  return received;
}

Outcome Publisher::Send(Request request, ConstBytes body, Clock::time_point deadline) {
  Header header = MakeHeader(request, body.size);
  std::array<iovec, 2> parts = {
      {{header.data(), header.size()}, {const_cast<std::uint8_t*>(body.data), body.size}}};
  std::size_t left = header.size() + body.size;
  while (left > 0) {
    msghdr message = {};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return Outcome::kGone;
      const Outcome ready = Wait(POLLOUT, deadline);
      if (ready != Outcome::kAnswered) return ready;
      continue;
    }
    left -= static_cast<std::size_t>(sent);
    std::size_t done = static_cast<std::size_t>(sent);
    for (iovec& part : parts) {
      const std::size_t step = std::min(done, part.iov_len);
      part.iov_base = static_cast<std::uint8_t*>(part.iov_base) + step;
      part.iov_len -= step;
      done -= step;
    }
  }
  return Outcome::kAnswered;
}

Outcome Publisher::Receive(std::uint8_t* data, std::size_t size, Clock::time_point deadline) {
  while (size > 0) {
    const ssize_t count = recv(socket_.get(), data, size, 0);
    if (count > 0) {
      data += count;
      size -= static_cast<std::size_t>(count);
      continue;
    }
    if (count == 0) return Outcome::kGone;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Outcome::kGone;
    const Outcome ready = Wait(POLLIN, deadline);
    if (ready != Outcome::kAnswered) return ready;
  }
  return Outcome::kAnswered;
}

Outcome Publisher::Discard(std::size_t size, Clock::time_point deadline) {
  std::array<std::uint8_t, 512> part;
  Outcome outcome = Outcome::kTooLong;
  while (size > 0 && outcome == Outcome::kTooLong) {
    const std::size_t step = std::min(size, part.size());
    const Outcome received = Receive(part.data(), step, deadline);
    if (received != Outcome::kAnswered) outcome = received;
    size -= step;
  }
  explicit_bzero(part.data(), part.size());
  return outcome;
}

Outcome Publisher::Wait(short event, Clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Outcome::kTimeout;
    pollfd target = {socket_.get(), event, 0};
    const int limit = static_cast<int>(std::min<long long>(left, std::numeric_limits<int>::max()));
    const int ready = poll(&target, 1, limit);
    if (ready > 0) return Outcome::kAnswered;
    if (ready < 0 && errno != EINTR) return Outcome::kGone;
  }
}

bool Publisher::IsThere() const {
  pollfd target = {socket_.get(), POLLRDHUP, 0};
  return Uninterrupted([&] { return poll(&target, 1, 0); }) == 0;
}

void Publisher::CutOff() noexcept {
  shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace vsc::ifd
