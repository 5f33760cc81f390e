// Log::Exclusive: the writer's role, taken by waiting until the current writer is done. For operations that change a
// log's files other than by appending; never on a reactor that may be busy.
#pragma once
#include "storage/kafka/log.h"

namespace kz::storage {

class Log::Exclusive {
 public:
  explicit Exclusive(Log& log) : log_(log) {
    std::unique_lock lock(log_.mutex_);
    log_.idle_.wait(lock, [&] { return !log_.writing_; });
    log_.writing_ = true;
  }
  // Writes what was queued meanwhile, in this thread.
  ~Exclusive() {
    std::unique_lock lock(log_.mutex_);
    if (log_.queue_.empty()) {
      log_.writing_ = false;
      log_.idle_.notify_all();
      return;
    }
    Pending first = std::move(log_.queue_.front());
    log_.queue_.pop_front();
    lock.unlock();
    log_.run_writer(std::move(first));
  }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;

 private:
  Log& log_;
};

}  // namespace kz::storage
