#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "posix/file_descriptor.h"

namespace vsc::ifd {

/**
 * Frames of what passes between handler and publisher. A request is a length of 4 bytes, big
 * endian, that counts what follows; one byte that says what is wanted; and, for kApdu, the command
 * APDU. Each request but the greeting gets one answer: a length of 4 bytes and so many bytes.
 */
enum class Request : std::uint8_t {
  /** Sent once, with the version of these frames, to who got the slot. There is no answer. */
  kGreeting = 0,
  /** Answered by the ATR. */
  kPowerOn = 1,
  /** Answered by nothing, once no PIN is verified any more. */
  kPowerOff = 2,
  /** Answered by the ATR, once no PIN is verified any more. */
  kReset = 3,
  /** Answered by the response APDU. */
  kApdu = 4,
};

constexpr std::uint8_t kFrameVersion = 1;

/** How a request ended. */
enum class Outcome {
  kAnswered,
  /** The answer is longer than the caller's buffer. It was thrown away; the next request may come.
   */
  kTooLong,
  /** The publisher did not answer in time, went away, or sent what it should not: it is cut off. */
  kTimeout,
  kGone,
};

/** Bytes of the caller's. */
struct ConstBytes {
  const std::uint8_t* data;
  std::size_t size;
};

/** The connection to who holds a slot's card. Nothing of an APDU stays in here. */
class Publisher {
 public:
  explicit Publisher(FileDescriptor socket) : socket_(std::move(socket)) {}

  /** False when it is gone already. */
  bool Greet();

  /**
   * Sends a request and waits for its answer, which is written to `answer`.
   *
   * @param length - in: size of `answer`; out: length of what was answered, else 0
   */
  Outcome Ask(Request request, ConstBytes body, std::uint8_t* answer, std::size_t* length,
              std::chrono::milliseconds limit);

  /** Whether the connection still stands. */
  bool IsThere() const;

  /** Ends the connection, and with it what waits for an answer. */
  void CutOff() noexcept;

  int descriptor() const { return socket_.get(); }

 private:
  using Clock = std::chrono::steady_clock;

  Outcome Exchange(Request request, ConstBytes body, std::uint8_t* answer, std::size_t* length,
                   Clock::time_point deadline);
  Outcome Send(Request request, ConstBytes body, Clock::time_point deadline);
  Outcome Receive(std::uint8_t* data, std::size_t size, Clock::time_point deadline);
  Outcome Discard(std::size_t size, Clock::time_point deadline);
  Outcome Wait(short event, Clock::time_point deadline);

  FileDescriptor socket_;
  std::mutex asking_;
};

}  // namespace vsc::ifd
