#include "core/broker/delayed.h"

#include <utility>

namespace kz::broker {

void DelayedOperation::wake(int64_t appended_bytes) {
  if (appended_bytes > 0) {
    const int64_t total = arrived_bytes_.fetch_add(appended_bytes, std::memory_order_acq_rel) + appended_bytes;
    if (total < wanted_bytes_.load(std::memory_order_relaxed)) return;
  }
  if (posted_.exchange(true, std::memory_order_acq_rel)) return;
  executor_.post([self = shared_from_this()] {
    self->posted_.store(false, std::memory_order_release);
    self->check(false);
  });
}

void DelayedOperation::start(Duration timeout) {
  check(false);
  if (finished_) return;
  timer_ = executor_.after(timeout, [self = shared_from_this()] {
    self->timer_ = 0;
    self->check(true);
  });
}

void DelayedOperation::cancel() {
  if (finished_) return;
  finished_ = true;
  executor_.cancel(std::exchange(timer_, 0));
  unregister();
}

void DelayedOperation::check(bool timed_out) {
  if (finished_) return;
  arrived_bytes_.store(0, std::memory_order_release);
  if (!try_complete(timed_out)) return;
  finished_ = true;
  executor_.cancel(std::exchange(timer_, 0));
  unregister();
}

}  // namespace kz::broker
