#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "node/delivery.h"
#include "node/task.h"
#include "node/transport.h"

namespace vsc {

/** A transport's own thread: carries out its tasks one after the other, in the order they came. */
class CommandThread {
 public:
  CommandThread(std::unique_ptr<Transport> transport, std::shared_ptr<Delivery> delivery);
  ~CommandThread() { Stop(); }

  CommandThread(const CommandThread&) = delete;
  CommandThread& operator=(const CommandThread&) = delete;

  void Post(std::unique_ptr<Task> task);
  /** Drops what is queued, waits for what runs, closes the transport. Safe to call twice. */
  void Stop() noexcept;

 private:
  void Loop() noexcept;
  /** The next task; none when the thread is to end. */
  std::unique_ptr<Task> Next();
  /** Stays awake for a moment, in case the next task comes right away. */
  void AwaitSoon() const;

  std::unique_ptr<Transport> transport_;
  std::shared_ptr<Delivery> delivery_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Task>> queue_;
  bool stopping_ = false;
  /** True while the queue has tasks; read without the mutex. */
  std::atomic<bool> posted_{false};
  std::thread thread_;
};

}  // namespace vsc
