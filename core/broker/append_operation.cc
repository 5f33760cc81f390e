#include "core/broker/append_operation.h"

#include <utility>

namespace kz::broker {

using kafka::ErrorCode;

AppendOperation::AppendOperation(Executor& executor, const AppendOptions& options, size_t count,
                                 ReplicaManager::AppendDone done)
    : DelayedOperation(executor), options_(options), slots_(count), done_(std::move(done)) {}

void AppendOperation::append(size_t index, std::shared_ptr<Partition> partition, LeaderEpoch epoch, Slice records,
                             Now now) {
  const auto bytes = static_cast<int64_t>(records.size());
  Partition& target = *partition;
  slots_[index].partition = std::move(partition);
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  auto self = std::static_pointer_cast<AppendOperation>(shared_from_this());
  target.log().append_as_leader(std::move(records), epoch, options_.origin, options_.produce_version, now,
                                [self = std::move(self), index, bytes](AppendResult result) {
                                  self->on_appended(index, bytes, std::move(result));
                                  self->release(false);
                                });
}

void AppendOperation::on_appended(size_t index, int64_t bytes, AppendResult result) {
  Slot& slot = slots_[index];
  AppendOutcome& out = slot.outcome;
  if (!result) {
    AppendFailure& failure = result.error();
    out.code = failure.code;
    out.message = std::move(failure.message);
    out.record_errors = std::move(failure.record_errors);
    // ReplicaManager.appendToLocalLog tells the log start offset for refused records only.
    if (out.code == ErrorCode::kInvalidRecord || out.code == ErrorCode::kInvalidTimestamp) {
      out.log_start_offset = slot.partition->log().log_start_offset();
    }
    return;
  }
  out.base_offset = result->first_offset;
  out.last_offset = result->last_offset;
  out.log_append_time_ms = result->log_append_time_ms;
  out.log_start_offset = result->log_start_offset;
  slot.end_offset = result->last_offset + 1;
  const AppendProgress progress = slot.partition->after_append(slot.end_offset, result->duplicate ? 0 : bytes);
  if (options_.acks != -1) return;
  if (progress.high_watermark < slot.end_offset && progress.code == ErrorCode::kNone) {
    slot.waiting = true;
  } else {
    out.code = progress.code;
  }
}

void AppendOperation::seal() { release(true); }

void AppendOperation::release(bool inline_call) {
  if (outstanding_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  bool waiting = false;
  for (const Slot& slot : slots_) waiting = waiting || slot.waiting;
  if (!waiting) {
    finish();
    return;
  }
  const auto wait = [this] {
    const auto key = reinterpret_cast<uint64_t>(this);
    for (const Slot& slot : slots_) {
      if (slot.waiting) slot.partition->add_waiter(key, shared_from_this());
    }
    start(options_.timeout);
  };
  if (inline_call) {
    wait();
  } else {
    executor().post([wait, self = shared_from_this()] { wait(); });
  }
}

bool AppendOperation::try_complete(bool timed_out) {
  bool all = true;
  for (Slot& slot : slots_) {
    if (!slot.waiting) continue;
    const auto committed = slot.partition->committed(slot.end_offset);
    if (committed && !*committed && !timed_out) {
      all = false;
      continue;
    }
    if (!committed) slot.outcome.code = committed.error();
    if (committed && !*committed) slot.outcome.code = ErrorCode::kRequestTimedOut;
    slot.waiting = false;
  }
  if (all) finish();
  return all;
}

void AppendOperation::unregister() {
  const auto key = reinterpret_cast<uint64_t>(this);
  for (const Slot& slot : slots_) {
    if (slot.partition) slot.partition->remove_waiter(key, this);
  }
}

void AppendOperation::finish() {
  std::vector<AppendOutcome> outcomes;
  outcomes.reserve(slots_.size());
  for (Slot& slot : slots_) outcomes.push_back(std::move(slot.outcome));
  done_(std::move(outcomes));
}

}  // namespace kz::broker
