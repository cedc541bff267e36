#include "node/calls/call_threads.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace vsc {

namespace {

/** How long a thread waits for another call. */
constexpr std::chrono::seconds kPatience{10};

struct Threads {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t idle = 0;
  /** Never more than there are idle threads: nothing waits behind a call that hangs. */
  std::deque<std::function<void()>> work;
};

/** Never destroyed: a thread that hangs may outlive everything else. */
Threads& All() {
  static Threads& threads = *new Threads;
  return threads;
}

/** Until there has been nothing to do for a while. */
void Serve(std::function<void()> work) {
  Threads& threads = All();
  for (;;) {
    work();
    // What belongs to the call is let go of before the thread waits.
    work = nullptr;
    std::unique_lock<std::mutex> lock(threads.mutex);
    ++threads.idle;
    threads.changed.wait_for(lock, kPatience, [&] { return !threads.work.empty(); });
    --threads.idle;
    if (threads.work.empty()) return;
    work = std::move(threads.work.front());
    threads.work.pop_front();
  }
}

}  // namespace

void CallThreads::Run(std::function<void()> work) {
  Threads& threads = All();
  {
    const std::lock_guard<std::mutex> lock(threads.mutex);
    if (threads.idle > threads.work.size()) {
      threads.work.push_back(std::move(work));
      threads.changed.notify_one();
      return;
    }
  }
  std::thread(Serve, std::move(work)).detach();
}

}  // namespace vsc
