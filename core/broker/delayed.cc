#include "core/broker/delayed.h"

#include <utility>

namespace kz::broker {

void DelayedOperation::wake(int64_t appended_bytes) {
  if (appended_bytes > 0) {
    const int64_t total = arrived_bytes_.fetch_add(appended_bytes) + appended_bytes;
    if (total < wanted_bytes_.load()) return;
  }
  if (posted_.exchange(true)) return;
  executor_.post([self = shared_from_this()] {
    self->posted_.store(false);
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
  do {
    arrived_bytes_.store(0);
    if (try_complete(timed_out)) {
      finished_ = true;
      executor_.cancel(std::exchange(timer_, 0));
      unregister();
      return;
    }
    // An append that came after the look and before set_wanted_bytes measured itself against the old wish, and may have
    // kept quiet.
  } while (arrived_bytes_.load() >= wanted_bytes_.load());
}

}  // namespace kz::broker
