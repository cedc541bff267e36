#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ifd/listener.h"
#include "ifd/publisher.h"
#include "posix/file_descriptor.h"

namespace vsc::ifd {

/**
 * A slot of the reader: its card is there while a publisher is connected. pcscd calls from two
 * threads: one watches for cards to come and go, the other does what PC/SC programs ask for.
 */
class Slot {
 public:
  /** Throws std::runtime_error when its socket cannot be made. */
  Slot(const std::string& directory, unsigned number);

  /**
   * Whether a card is in. Lets a publisher in that waits, and turns away one that comes while
   * another is there. When a publisher went, the watching thread is told of that before another
   * gets in: else a card would be exchanged for one in which nothing is verified, and no program
   * would know.
   */
  bool IsCardPresent();

  /**
   * For the watching thread: returns when the answer of IsCardPresent may have changed, after the
   * limit, or when told to stop. False when it had better pause before it asks again.
   */
  bool WaitForChange(std::chrono::milliseconds limit);
  /** Ends the wait under way, or the next one: pcscd does so when it is done with a card, and at
   * its end. */
  void StopWaiting() noexcept;

  Outcome PowerOn(std::uint8_t* atr, std::size_t* length);
  Outcome Reset(std::uint8_t* atr, std::size_t* length);
  Outcome PowerOff();
  Outcome Transmit(ConstBytes command, std::uint8_t* response, std::size_t* length);

  /** The reader is closed: what waits for the publisher ends. */
  void Close() noexcept;

 private:
  std::shared_ptr<Publisher> Current();
  Outcome Ask(Request request, ConstBytes body, std::uint8_t* answer, std::size_t* length,
              std::chrono::milliseconds limit);
  void LetIn();
  void Forget(const char* why);

  std::mutex state_;
  Listener listener_;
  FileDescriptor wake_;
  std::shared_ptr<Publisher> publisher_;
  /** A card went, and the watching thread has not been told yet. */
  bool removal_untold_ = false;
  std::optional<std::thread::id> watcher_;
  /** Who waits could not be let in, as there is no descriptor left for example. */
  bool cannot_accept_ = false;
  bool closed_ = false;
};

}  // namespace vsc::ifd
