// Operations that wait for partitions to change: long-poll fetches, acks=all produces, DeleteRecords.
// The rule that loses no wake-up: register with the partitions first, then check again. Completion runs once, on the
// operation's own executor. Source of the semantics: DelayedOperation.scala @ 3.4.0.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>

#include "core/base/executor.h"

namespace kz::broker {

// Registered with partitions; wake() may come from any thread, many times, also after completion. It only posts, and
// posts at most one check at a time, so that a busy partition costs a sleeping consumer one check per reactor turn.
class DelayedOperation : public std::enable_shared_from_this<DelayedOperation> {
 public:
  explicit DelayedOperation(Executor& executor) : executor_(executor) {}
  virtual ~DelayedOperation() = default;
  DelayedOperation(const DelayedOperation&) = delete;
  DelayedOperation& operator=(const DelayedOperation&) = delete;

  // appended_bytes: what the change may have added to a reader's view; 0 means "look, whatever it is" (leadership,
  // deletion, log start). Any thread, under the partition's guard.
  void wake(int64_t appended_bytes);

  // Executor thread. Checks once, then arms the timer. The operation must be registered already.
  void start(Duration timeout);
  // Executor thread. Drops the operation without completing it (its connection is gone).
  void cancel();
  bool finished() const { return finished_; }
  Executor& executor() const { return executor_; }

 protected:
  // Executor thread. True: the operation has answered and ends. timed_out: answer with what there is.
  virtual bool try_complete(bool timed_out) = 0;
  // Executor thread, once, after completion or cancel: leave the partitions.
  virtual void unregister() = 0;
  // Bytes that must be appended before a wake is worth a check; try_complete updates it.
  void set_wanted_bytes(int64_t bytes) { wanted_bytes_.store(bytes < 1 ? 1 : bytes); }

 private:
  void check(bool timed_out);

  Executor& executor_;
  std::atomic<bool> posted_{false};
  std::atomic<int64_t> wanted_bytes_{1};
  std::atomic<int64_t> arrived_bytes_{0};
  TimerId timer_ = 0;
  bool finished_ = false;
};

}  // namespace kz::broker
