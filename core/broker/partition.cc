#include "core/broker/partition.h"

#include <algorithm>
#include <utility>

namespace kz::broker {

using kafka::ErrorCode;

namespace {
// ListOffsetsRequest.java.
constexpr int64_t kLatestTimestamp = -1;
constexpr int64_t kEarliestTimestamp = -2;
constexpr int64_t kMaxTimestamp = -3;

ErrorCode read_error(const Error& error) {
  switch (error.code) {
    case Errc::kOutOfRange:
      return ErrorCode::kOffsetOutOfRange;
    case Errc::kCorrupt:
    case Errc::kChecksum:
      return ErrorCode::kCorruptMessage;
    default:
      return ErrorCode::kKafkaStorageError;
  }
}
}  // namespace

Partition::Partition(BrokerId self, TopicPartition tp, std::shared_ptr<PartitionLog> log)
    : self_(self), tp_(std::move(tp)), log_(std::move(log)) {
  set_min_insync_replicas(log_->config().min_insync_replicas);
}

bool Partition::sole_replica_in_sync(const Inner& s, BrokerId self) {
  return s.is_leader && s.isr.size() == 1 && s.isr.front() == self;
}

KafkaResult<bool> Partition::make_leader(const LeaderAndIsrPartition& order) {
  if (order.leader_epoch <= guarded_.with([](const Inner& s) { return s.leader_epoch; })) {
    return std::unexpected(ErrorCode::kStaleControllerEpoch);
  }
  log_->begin_leader_epoch(order.leader_epoch);
  const Offset end = log_->log_end_offset();
  const bool newly = guarded_.with([&](Inner& s) {
    const bool was_leader = s.is_leader;
    s.is_leader = true;
    s.leader = self_;
    s.leader_epoch = order.leader_epoch;
    s.leader_epoch_start_offset = end;
    s.partition_epoch = order.partition_epoch;
    s.isr = order.isr;
    s.replicas = order.replicas;
    if (sole_replica_in_sync(s, self_) && log_->high_watermark() < end) log_->set_high_watermark(end);
    return !was_leader;
  });
  wake_all();
  return newly;
}

KafkaResult<bool> Partition::make_follower(const LeaderAndIsrPartition& order) {
  const auto newly = guarded_.with([&](Inner& s) -> KafkaResult<bool> {
    if (order.leader_epoch <= s.leader_epoch) return std::unexpected(ErrorCode::kStaleControllerEpoch);
    const bool changed = s.is_leader || s.leader != order.leader;
    s.is_leader = false;
    s.leader = order.leader;
    s.leader_epoch = order.leader_epoch;
    s.partition_epoch = order.partition_epoch;
    s.isr.clear();  // only the leader keeps it
    s.replicas = order.replicas;
    return changed;
  });
  wake_all();
  return newly;
}

void Partition::stop() {
  guarded_.with([](Inner& s) {
    s.is_leader = false;
    s.leader = -1;
    s.isr.clear();
  });
  wake_all();
}

KafkaResult<LeaderEpoch> Partition::check_append(int16_t acks) const {
  return guarded_.with([&](const Inner& s) -> KafkaResult<LeaderEpoch> {
    if (!s.is_leader) return std::unexpected(ErrorCode::kNotLeaderOrFollower);
    if (acks == -1 && s.isr.size() < static_cast<size_t>(s.min_insync_replicas)) {
      return std::unexpected(ErrorCode::kNotEnoughReplicas);
    }
    return s.leader_epoch;
  });
}

AppendProgress Partition::after_append(Offset end_offset, int64_t appended_bytes) {
  return guarded_.with([&](Inner& s) {
    AppendProgress progress;
    progress.high_watermark = log_->high_watermark();
    if (sole_replica_in_sync(s, self_) && progress.high_watermark < end_offset) {
      log_->set_high_watermark(end_offset);
      progress.high_watermark = end_offset;
    }
    if (!s.is_leader) {
      progress.code = ErrorCode::kNotLeaderOrFollower;
    } else if (s.isr.size() < static_cast<size_t>(s.min_insync_replicas)) {
      progress.code = ErrorCode::kNotEnoughReplicasAfterAppend;
    }
    if (appended_bytes > 0) {
      for (const auto& [key, waiter] : s.waiters) waiter->wake(appended_bytes);
    }
    return progress;
  });
}

KafkaResult<bool> Partition::committed(Offset end_offset) const {
  return guarded_.with([&](const Inner& s) -> KafkaResult<bool> {
    if (!s.is_leader) return std::unexpected(ErrorCode::kNotLeaderOrFollower);
    if (log_->high_watermark() < end_offset) return false;
    if (s.isr.size() < static_cast<size_t>(s.min_insync_replicas)) {
      return std::unexpected(ErrorCode::kNotEnoughReplicasAfterAppend);
    }
    return true;
  });
}

ErrorCode Partition::check_leader(const Inner& s, LeaderEpoch current_leader_epoch) const {
  // A request's epoch is judged before leadership: a fenced client must refresh its metadata either way.
  if (current_leader_epoch >= 0) {
    if (current_leader_epoch < s.leader_epoch) return ErrorCode::kFencedLeaderEpoch;
    if (current_leader_epoch > s.leader_epoch) return ErrorCode::kUnknownLeaderEpoch;
  }
  return s.is_leader ? ErrorCode::kNone : ErrorCode::kNotLeaderOrFollower;
}

ErrorCode Partition::check_leader(LeaderEpoch current_leader_epoch) const {
  return guarded_.with([&](const Inner& s) { return check_leader(s, current_leader_epoch); });
}

PartitionRead Partition::read(const PartitionReadRequest& request) const {
  PartitionRead out;
  out.code = check_leader(request.current_leader_epoch);
  if (out.code != ErrorCode::kNone) return out;
  if (log_->offline()) {
    out.code = ErrorCode::kKafkaStorageError;
    return out;
  }
  const Offset high_watermark = log_->high_watermark();
  const Offset last_stable = log_->last_stable_offset();
  const Offset start = log_->log_start_offset();
  const auto refuse = [&](ErrorCode code) {
    out = PartitionRead{};
    out.code = code;
  };

  if (request.last_fetched_epoch >= 0) {
    const EpochEnd end = log_->end_offset_for_epoch(request.last_fetched_epoch);
    if (end.epoch < 0 || end.end_offset < 0) {
      refuse(ErrorCode::kOffsetOutOfRange);
      return out;
    }
    if (end.epoch < request.last_fetched_epoch || end.end_offset < request.offset) out.diverging_epoch = end;
  }
  out.high_watermark = high_watermark;
  out.last_stable_offset = last_stable;
  out.log_start_offset = start;
  if (out.diverging_epoch) return out;

  Offset upper = last_stable;
  if (request.isolation == FetchIsolation::kHighWatermark) upper = high_watermark;
  if (request.isolation == FetchIsolation::kLogEnd) upper = log_->log_end_offset();
  if (request.offset < start || (request.offset > upper && request.offset > log_->log_end_offset())) {
    refuse(ErrorCode::kOffsetOutOfRange);
    return out;
  }
  if (request.offset >= upper || (request.max_bytes <= 0 && !request.at_least_one)) return out;

  auto read = log_->read(request.offset, std::max<int64_t>(request.max_bytes, 0), upper, request.at_least_one);
  if (!read) {
    refuse(read_error(read.error()));
    return out;
  }
  out.records = std::move(read->records);
  if (request.isolation == FetchIsolation::kCommitted) {
    out.aborted = log_->aborted_transactions(request.offset, upper);
  }
  return out;
}

KafkaResult<std::optional<TimestampOffset>> Partition::offset_for_timestamp(int64_t timestamp,
                                                                            std::optional<FetchIsolation> isolation,
                                                                            LeaderEpoch current_leader_epoch) const {
  const State s = state();
  if (const ErrorCode code = check_leader(current_leader_epoch); code != ErrorCode::kNone) return std::unexpected(code);
  if (log_->offline()) return std::unexpected(ErrorCode::kKafkaStorageError);

  Offset limit = log_->log_end_offset();
  if (isolation == FetchIsolation::kCommitted) limit = log_->last_stable_offset();
  if (isolation == FetchIsolation::kHighWatermark) limit = log_->high_watermark();
  // Right after an election the high watermark may lie below offsets that clients saw under the old leader; "latest"
  // would then go back in time.
  const bool lagging = isolation && s.leader_epoch_start_offset > log_->high_watermark();
  if (timestamp == kLatestTimestamp) {
    if (lagging) return std::unexpected(ErrorCode::kOffsetNotAvailable);
    return TimestampOffset{-1, limit, s.leader_epoch};
  }
  if (timestamp == kEarliestTimestamp) {
    const Offset start = log_->log_start_offset();
    const LeaderEpoch epoch = log_->epoch_for_offset(start);
    return TimestampOffset{-1, start, epoch};
  }
  const auto found = timestamp == kMaxTimestamp ? log_->find_max_timestamp() : log_->find_by_timestamp(timestamp);
  if (!found) return std::unexpected(read_error(found.error()));
  if (found->offset >= 0 && found->offset < limit) return *found;
  if (lagging) return std::unexpected(ErrorCode::kOffsetNotAvailable);
  return std::optional<TimestampOffset>{};
}

KafkaResult<EpochEnd> Partition::end_offset_for_epoch(LeaderEpoch current_leader_epoch, LeaderEpoch epoch) const {
  if (const ErrorCode code = check_leader(current_leader_epoch); code != ErrorCode::kNone) return std::unexpected(code);
  if (log_->offline()) return std::unexpected(ErrorCode::kKafkaStorageError);
  return log_->end_offset_for_epoch(epoch);
}

KafkaResult<Offset> Partition::delete_records_before(Offset offset) {
  if (const ErrorCode code = check_leader(-1); code != ErrorCode::kNone) return std::unexpected(code);
  if (log_->offline()) return std::unexpected(ErrorCode::kKafkaStorageError);
  // Partition.deleteRecordsOnLeader: compacted topics keep what their keys say.
  if (!log_->config().del) return std::unexpected(ErrorCode::kPolicyViolation);
  const Offset high_watermark = log_->high_watermark();
  const Offset target = offset == -1 ? high_watermark : offset;
  if (target < 0 || target > high_watermark) return std::unexpected(ErrorCode::kOffsetOutOfRange);
  if (target > log_->log_start_offset()) {
    if (!log_->set_log_start_offset(target)) return std::unexpected(ErrorCode::kKafkaStorageError);
  }
  wake_all();
  return log_->log_start_offset();
}

void Partition::add_waiter(uint64_t key, std::shared_ptr<DelayedOperation> waiter) {
  guarded_.with([&](Inner& s) {
    const auto it = std::ranges::find(s.waiters, key, &std::pair<uint64_t, std::shared_ptr<DelayedOperation>>::first);
    if (it == s.waiters.end()) {
      s.waiters.emplace_back(key, std::move(waiter));
    } else {
      it->second.swap(waiter);
    }
  });
}

void Partition::remove_waiter(uint64_t key, const DelayedOperation* waiter) {
  std::shared_ptr<DelayedOperation> removed;  // released outside the guard
  guarded_.with([&](Inner& s) {
    for (auto& slot : s.waiters) {
      if (slot.first != key || slot.second.get() != waiter) continue;
      removed = std::move(slot.second);
      slot = std::move(s.waiters.back());
      s.waiters.pop_back();
      return;
    }
  });
}

void Partition::wake_all() {
  guarded_.with([](Inner& s) {
    for (const auto& [key, waiter] : s.waiters) waiter->wake(0);
  });
}

void Partition::release_waiters() {
  const auto released = guarded_.with([](Inner& s) { return std::exchange(s.waiters, {}); });
}

void Partition::set_min_insync_replicas(int32_t count) {
  guarded_.with([&](Inner& s) { s.min_insync_replicas = count; });
}

}  // namespace kz::broker
