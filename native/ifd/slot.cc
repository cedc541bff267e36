#include "ifd/slot.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "ifd/ifd_handler.h"
#include "ifd/log.h"

namespace vsc::ifd {

namespace {

using std::chrono::milliseconds;

/** A publisher that lives resets its card in no time, unless a key is being made. */
constexpr milliseconds kPowerLimit = std::chrono::seconds(60);
/** A TPM may take minutes for an RSA key. */
constexpr milliseconds kApduLimit = std::chrono::minutes(5);
/** The shortest status is SW1 SW2; the shortest ATR is TS and T0. */
constexpr std::size_t kShortestAnswer = 2;

constexpr ConstBytes kNothing = {nullptr, 0};

}  // namespace

Slot::Slot(const std::string& directory, unsigned number)
    : listener_(directory, number), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_.valid()) throw std::runtime_error(Failure("eventfd", errno));
}

bool Slot::IsCardPresent() {
  const std::lock_guard<std::mutex> lock(state_);
  if (closed_) return false;
  if (publisher_ && !publisher_->IsThere()) Forget("the card went");
  if (removal_untold_) {
    if (!watcher_ || *watcher_ == std::this_thread::get_id()) removal_untold_ = false;
    return false;
  }
  try {
    LetIn();
  } catch (const std::exception& error) {
    LogError(error.what());
    cannot_accept_ = true;
  }
  return publisher_ != nullptr;
}

void Slot::LetIn() {
  for (FileDescriptor peer = listener_.Accept(); peer.valid(); peer = listener_.Accept()) {
    if (publisher_) {
      LogError(listener_.path() + ": refused a second publisher");
      continue;
    }
    auto publisher = std::make_shared<Publisher>(std::move(peer));
    if (!publisher->Greet()) continue;
    publisher_ = std::move(publisher);
    LogInfo(listener_.path() + ": a card came");
  }
}

void Slot::Forget(const char* why) {
  publisher_->CutOff();
  publisher_.reset();
  removal_untold_ = true;
  LogInfo(listener_.path() + ": " + why);
}

bool Slot::WaitForChange(milliseconds limit) {
  std::shared_ptr<Publisher> publisher;
  {
    const std::lock_guard<std::mutex> lock(state_);
    watcher_ = std::this_thread::get_id();
    if (std::exchange(cannot_accept_, false)) return false;
    if (removal_untold_ || closed_) return true;
    publisher = publisher_;
  }
  // Poll overlooks a negative descriptor.
  std::array<pollfd, 3> sources = {{{listener_.descriptor(), POLLIN, 0},
                                    {wake_.get(), POLLIN, 0},
                                    {publisher ? publisher->descriptor() : -1, POLLRDHUP, 0}}};
  poll(sources.data(), sources.size(), static_cast<int>(limit.count()));
  eventfd_t calls = 0;
  // Taken, so that the next wait is one again. Without a call there is nothing to take.
  static_cast<void>(eventfd_read(wake_.get(), &calls));
  return true;
}

void Slot::StopWaiting() noexcept {
  // A thread that is not waiting yet finds it. It fails only when there are calls without number.
  static_cast<void>(eventfd_write(wake_.get(), 1));
}

Outcome Slot::PowerOn(std::uint8_t* atr, std::size_t* length) {
  return Ask(Request::kPowerOn, kNothing, atr, length, kPowerLimit);
}

Outcome Slot::Reset(std::uint8_t* atr, std::size_t* length) {
  return Ask(Request::kReset, kNothing, atr, length, kPowerLimit);
}

Outcome Slot::PowerOff() {
  const std::shared_ptr<Publisher> publisher = Current();
  std::uint8_t nothing = 0;
  std::size_t length = 0;
  if (!publisher) return Outcome::kGone;
  return publisher->Ask(Request::kPowerOff, kNothing, &nothing, &length, kPowerLimit);
}

Outcome Slot::Transmit(ConstBytes command, std::uint8_t* response, std::size_t* length) {
  return Ask(Request::kApdu, command, response, length, kApduLimit);
}

Outcome Slot::Ask(Request request, ConstBytes body, std::uint8_t* answer, std::size_t* length,
                  milliseconds limit) {
  const std::shared_ptr<Publisher> publisher = Current();
  if (!publisher) {
    *length = 0;
    return Outcome::kGone;
  }
  const Outcome outcome = publisher->Ask(request, body, answer, length, limit);
  if (outcome == Outcome::kTimeout) LogError(listener_.path() + ": no answer in time");
  if (outcome != Outcome::kAnswered || *length >= kShortestAnswer) return outcome;
  LogError(listener_.path() + ": an answer that is too short");
  publisher->CutOff();
  *length = 0;
  return Outcome::kGone;
}

void Slot::Close() noexcept {
  StopWaiting();
  const std::lock_guard<std::mutex> lock(state_);
  closed_ = true;
  listener_.Stop();
  if (publisher_) publisher_->CutOff();
  publisher_.reset();
}

std::shared_ptr<Publisher> Slot::Current() {
  const std::lock_guard<std::mutex> lock(state_);
  return publisher_;
}

}  // namespace vsc::ifd
