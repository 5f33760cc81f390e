// One produce request's appends: gathers the outcomes of its partitions and, for acks=all, waits until they are
// committed. Source: DelayedProduce.scala @ 3.4.0.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "core/broker/delayed.h"
#include "core/broker/partition.h"
#include "core/broker/replica_manager.h"

namespace kz::broker {

// Lives from the request to its answer. Slots are written by the thread that finishes each append; the last one, by an
// atomic count, goes on.
class AppendOperation final : public DelayedOperation {
 public:
  AppendOperation(Executor& executor, const AppendOptions& options, size_t count, ReplicaManager::AppendDone done);

  void refuse(size_t index, kafka::ErrorCode code) { slots_[index].outcome.code = code; }
  // Starts the append of one entry. All starts come before seal().
  void append(size_t index, std::shared_ptr<Partition> partition, LeaderEpoch epoch, Slice records, Now now);
  // Everything is started; answers now if all is done.
  void seal();

 private:
  struct Slot {
    std::shared_ptr<Partition> partition;  // null: refused
    AppendOutcome outcome;
    Offset end_offset = 0;
    bool waiting = false;
  };
  void on_appended(size_t index, int64_t bytes, AppendResult result);
  void release(bool inline_call);
  void finish();
  bool try_complete(bool timed_out) override;
  void unregister() override;

  const AppendOptions options_;
  std::vector<Slot> slots_;
  ReplicaManager::AppendDone done_;
  std::atomic<size_t> outstanding_{1};  // appends in flight, and one for the starter
};

}  // namespace kz::broker
