#include "node/command_thread.h"

#include <chrono>
#include <utility>

#include "node/dead_stack.h"

namespace vsc {

namespace {

// Waking a sleeping processor costs more than a short command, and the next one often comes at
// once.
constexpr std::chrono::microseconds kAwake{40};

}  // namespace

CommandThread::CommandThread(std::unique_ptr<Transport> transport,
                             std::shared_ptr<Delivery> delivery)
    : transport_(std::move(transport)), delivery_(std::move(delivery)) {
  thread_ = std::thread([this] { Loop(); });
}

void CommandThread::Post(std::unique_ptr<Task> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(task));
    posted_ = true;
  }
  changed_.notify_one();
}

void CommandThread::Stop() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  transport_->Interrupt();
  thread_.join();
  queue_.clear();
}

void CommandThread::Loop() noexcept {
  while (std::unique_ptr<Task> task = Next()) {
    task->Run(*transport_);
    WipeDeadStack();
    delivery_->Deliver(std::move(task));
  }
  transport_->Close();
  WipeDeadStack();
}

std::unique_ptr<Task> CommandThread::Next() {
  AwaitSoon();
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  if (stopping_) return nullptr;
  std::unique_ptr<Task> task = std::move(queue_.front());
  queue_.pop_front();
  posted_ = !queue_.empty();
  return task;
}

void CommandThread::AwaitSoon() const {
  const auto deadline = std::chrono::steady_clock::now() + kAwake;
  while (!posted_ && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
}

}  // namespace vsc
