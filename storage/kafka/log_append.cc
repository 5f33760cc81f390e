// Log: appending. Source: UnifiedLog.append @ 3.4.0. Order of checks: records (before the queue), segment.bytes, roll,
// producer state, write.
#include <algorithm>
#include <chrono>

#include "core/kafka/record/legacy.h"

#include "storage/kafka/log.h"
#include "storage/kafka/log_exclusive.h"
#include "storage/kafka/names.h"
#include "storage/kafka/producer_snapshot.h"

namespace kz::storage {

using kafka::ErrorCode;

namespace {

std::unexpected<AppendFailure> refuse(ErrorCode code, std::string message) {
  return std::unexpected(AppendFailure{code, std::move(message), {}});
}

kafka::BatchValidator& validator() {
  thread_local kafka::BatchValidator instance;
  return instance;
}

}  // namespace

kafka::ValidationRules Log::rules_for(const LogConfig& config, AppendOrigin origin, int16_t version, Now now) const {
  kafka::ValidationRules rules;
  rules.topic_partition = tp_name_;
  rules.client = origin == AppendOrigin::kClient;
  rules.compacted = config.compact;
  rules.append_time = config.message_timestamp_is_append_time;
  rules.timestamp_difference_max_ms = config.message_timestamp_difference_max_ms;
  rules.max_message_bytes = config.max_message_bytes;
  if (config.compression_type == "uncompressed")
    rules.target_codec = kafka::Codec::kNone;
  else
    rules.target_codec = kafka::codec_from_name(config.compression_type);  // "producer": none
  rules.produce_version = version;
  rules.now_ms = now.wall_ms;
  return rules;
}

void Log::append_as_leader(Slice records, LeaderEpoch epoch, AppendOrigin origin, int16_t produce_version, Now now,
                           std::move_only_function<void(AppendResult)> done) {
  std::shared_ptr<const LogConfig> config;
  {
    std::lock_guard lock(mutex_);
    config = config_;
  }
  auto valid = validator().validate(std::move(records), rules_for(*config, origin, produce_version, now));
  if (!valid) {
    AppendFailure failure{valid.error().code, std::move(valid.error().message), {}};
    for (auto& r : valid.error().records) failure.record_errors.push_back({r.batch_index, std::move(r.message)});
    return done(std::unexpected(std::move(failure)));
  }
  Pending pending{std::move(*valid), epoch, origin, now, std::move(done)};
  {
    std::lock_guard lock(mutex_);
    if (writing_) {
      queue_.push_back(std::move(pending));
      return;
    }
    writing_ = true;
  }
  if (env_->slow_writes_left.load(std::memory_order_relaxed) > 0 && env_->slow_lane) {
    auto shared = std::make_shared<Pending>(std::move(pending));
    if (!env_->slow_lane([self = shared_from_this(), shared] { self->run_writer(std::move(*shared)); }))
      run_writer(std::move(*shared));
    return;
  }
  run_writer(std::move(pending));
}

// After one write of more than 5 ms (write-back, a full journal) the directory's appends leave the reactors until 32 in
// a row were quick.
Status Log::timed_append(Segment& segment, const Pending& p, Offset first, Offset last, int64_t index_interval_bytes) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kSlow = std::chrono::milliseconds(5);
  constexpr int kQuickWritesToCalm = 32;
  const auto started = Clock::now();
  auto ok = segment.append(p.batch.batch, first, last, p.batch.max_timestamp, first + p.batch.max_timestamp_delta,
                           index_interval_bytes);
  auto& left = env_->slow_writes_left;
  if (Clock::now() - started > kSlow)
    left.store(kQuickWritesToCalm, std::memory_order_relaxed);
  else if (const int n = left.load(std::memory_order_relaxed); n > 0)
    left.store(n - 1, std::memory_order_relaxed);
  return ok;
}

void Log::run_writer(Pending pending) {
  for (;;) {
    bool wants_sync = false;
    AppendResult result = write_batch(pending, wants_sync);
    std::optional<Pending> next;
    {
      std::lock_guard lock(mutex_);
      if (queue_.empty()) {
        writing_ = false;
        idle_.notify_all();
      } else {
        next = std::move(queue_.front());
        queue_.pop_front();
      }
    }
    if (wants_sync && result) {
      run_in_background([self = shared_from_this(), result, done = std::move(pending.done)]() mutable {
        if (auto ok = self->flush_to(result->last_offset + 1, false); !ok)
          done(refuse(ErrorCode::kKafkaStorageError, "flush failed"));
        else
          done(std::move(result));
      });
    } else {
      pending.done(std::move(result));
    }
    if (!next) return;
    pending = std::move(*next);
  }
}

AppendResult Log::write_batch(Pending& p, bool& wants_sync) {
  Slice& bytes = p.batch.batch;
  std::shared_ptr<const LogConfig> config;
  const Offset first = log_end_;
  const Offset last = first + p.batch.count - 1;
  kafka::MutableBatch batch(bytes.mutable_bytes());
  batch.set_base_offset(first);
  batch.set_leader_epoch(p.epoch);
  {
    std::lock_guard lock(mutex_);
    if (offline()) return refuse(ErrorCode::kKafkaStorageError, "The log directory is offline.");
    if (closed_) return refuse(ErrorCode::kNotLeaderOrFollower, "The log is closed.");
    // Begun before this leader's epoch was raised: the client asks again, and its batch goes under the new one.
    if (p.epoch >= 0 && p.epoch < leader_epoch_)
      return refuse(ErrorCode::kNotLeaderOrFollower, "The leader epoch has changed.");
    config = config_;
    if (p.epoch >= 0 && epochs_.assign(p.epoch, first)) epochs_dirty_ = true;
  }
  if (static_cast<int64_t>(bytes.size()) > config->segment_bytes)
    return refuse(ErrorCode::kRecordListTooLarge,
                  fmt::format("Message batch size is {} bytes in append to partition {}, which exceeds the maximum "
                              "configured segment size of {}.",
                              bytes.size(), tp_name_, config->segment_bytes));
  auto segment = roll_if_needed(bytes.size(), p.batch.max_timestamp, first, last, p.now.wall_ms);
  if (!segment) return store_failed(segment.error(), "rolling log segment");

  std::optional<log_state::ProducerBatchInfo> producer;
  if (batch.has_producer_id()) {
    auto info = log_state::producer_batch_info(bytes);
    if (!info) return refuse(ErrorCode::kInvalidRecord, info.error().what);
    producer = *info;
    std::lock_guard lock(mutex_);
    if (p.origin == AppendOrigin::kClient) {
      if (const auto known = producers_.find_duplicate(*producer)) {
        LogAppendInfo out;
        out.first_offset = known->first_offset();
        out.last_offset = known->last_offset;
        out.max_timestamp = known->timestamp;
        out.log_append_time_ms = known->timestamp;  // Java answers a duplicate with the old batch's timestamp
        out.log_start_offset = log_start_;
        out.duplicate = true;
        return out;
      }
    }
    if (auto refusal = producers_.check(*producer, p.origin, tp_name_))
      return refuse(refusal->code, std::move(refusal->message));
  }

  if (auto ok = timed_append(**segment, p, first, last, config->index_interval_bytes); !ok)
    return store_failed(ok.error(), "appending records");

  LogAppendInfo out;
  std::optional<log_state::CompletedTxn> ended;
  {
    std::lock_guard lock(mutex_);
    active_size_ = (*segment)->size();
    note_spot({first, (*segment)->base(), active_size_ - static_cast<int64_t>(bytes.size())});
    if (producer) ended = producers_.apply(*producer);
    if (ended && !ended->aborted) producers_.complete(*ended);
    producers_.set_end_offset(last + 1);
    log_end_.store(last + 1, std::memory_order_release);
    publish_stable_offset();
    out.log_start_offset = log_start_;
    wants_sync = last + 1 - recovery_point_ >= config->flush_messages;
  }
  if (ended && ended->aborted) {
    AbortedEntry entry{ended->producer_id, ended->first_offset, ended->last_offset, 0};
    {
      std::lock_guard lock(mutex_);
      entry.last_stable_offset = producers_.last_stable_offset(*ended);
    }
    if (auto ok = (*segment)->txn_index().append(entry); !ok)
      return store_failed(ok.error(), "writing the transaction index");
    std::lock_guard lock(mutex_);
    producers_.complete(*ended);
    publish_stable_offset();
  }
  out.first_offset = first;
  out.last_offset = last;
  out.max_timestamp = p.batch.max_timestamp;
  if (config->message_timestamp_is_append_time) out.log_append_time_ms = p.batch.max_timestamp;
  return out;
}

AppendResult Log::append_as_follower(Slice records, Now now) {
  Exclusive writer(*this);
  std::shared_ptr<const LogConfig> config;
  {
    std::lock_guard lock(mutex_);
    if (offline()) return refuse(ErrorCode::kKafkaStorageError, "The log directory is offline.");
    if (closed_) return refuse(ErrorCode::kNotLeaderOrFollower, "The log is closed.");
    config = config_;
  }
  // Every check comes before the first change: framing, CRC, order of offsets.
  std::vector<std::pair<BatchInfo, Bytes>> batches;
  kafka::BatchIterator it(records);
  Offset previous_last = log_end_ - 1;
  size_t valid = 0;
  LogAppendInfo out;
  Offset offset_of_max = -1;
  while (const auto bytes = it.next()) {
    const auto info = parse_batch_info(*bytes, static_cast<int64_t>(valid));
    if (!info) return refuse(ErrorCode::kCorruptMessage, info.error().what);
    if (!(info->magic == 2 ? kafka::BatchView(*bytes).crc_ok() : kafka::legacy_crc_ok(*bytes)))
      return refuse(ErrorCode::kCorruptMessage,
                    fmt::format("Record is corrupt at offset {} in topic partition {}.", info->base_offset, tp_name_));
    if (info->base_offset <= previous_last && (info->magic == 2 || info->last_offset <= previous_last))
      return refuse(ErrorCode::kOffsetOutOfRange,
                    fmt::format("Unexpected offset in append to {}. Offset {} is less than the next offset {}",
                                tp_name_, info->base_offset, previous_last + 1));
    previous_last = info->last_offset;
    if (info->max_timestamp > out.max_timestamp) {
      out.max_timestamp = info->max_timestamp;
      offset_of_max = info->last_offset;
    }
    valid += bytes->size();
    batches.emplace_back(*info, *bytes);
  }
  out.log_start_offset = log_start_;
  if (batches.empty()) return out;
  const Bytes set = records.bytes().first(valid);
  out.first_offset = batches.front().first.base_offset;
  out.last_offset = previous_last;
  if (static_cast<int64_t>(valid) > config->segment_bytes)
    return refuse(ErrorCode::kRecordListTooLarge, "The fetched batches are larger than segment.bytes.");
  auto segment = roll_if_needed(valid, out.max_timestamp, out.first_offset, out.last_offset, now.wall_ms);
  if (!segment) return store_failed(segment.error(), "rolling log segment");
  if (auto ok = (*segment)->append(set, out.first_offset, out.last_offset, out.max_timestamp, offset_of_max,
                                   config->index_interval_bytes);
      !ok)
    return store_failed(ok.error(), "appending records");
  std::lock_guard lock(mutex_);
  active_size_ = (*segment)->size();
  for (const auto& [info, bytes] : batches) {
    if (info.leader_epoch >= 0 && epochs_.assign(info.leader_epoch, info.base_offset)) epochs_dirty_ = true;
    auto aborted = replay_batch(info, bytes, producers_);
    if (!aborted) return refuse(ErrorCode::kCorruptMessage, aborted.error().what);
    if (*aborted)
      if (auto ok = (*segment)->txn_index().append(**aborted); !ok)
        return refuse(ErrorCode::kKafkaStorageError, "writing the transaction index");
  }
  log_end_.store(out.last_offset + 1, std::memory_order_release);
  publish_stable_offset();
  return out;
}

std::expected<std::shared_ptr<Segment>, Error> Log::roll_if_needed(size_t bytes, int64_t max_timestamp, Offset first,
                                                                   Offset last, int64_t now_ms) {
  std::shared_ptr<const LogConfig> config;
  std::shared_ptr<Segment> segment;
  int64_t jitter = 0;
  {
    std::lock_guard lock(mutex_);
    config = config_;
    segment = active();
    jitter = roll_jitter_ms_;
  }
  if (!segment->should_roll(*config, jitter, bytes, max_timestamp, last, now_ms)) return segment;
  KZ_CHECK(roll(std::max(first, log_end_.load()), now_ms));
  std::lock_guard lock(mutex_);
  return active();
}

Status Log::roll(Offset base, int64_t now_ms) {
  std::shared_ptr<Segment> old;
  std::string directory;
  int64_t preallocate_bytes = 0;
  {
    std::lock_guard lock(mutex_);
    old = active();
    directory = dir_;
    preallocate_bytes = preallocation_of(*config_);
  }
  if (old->base() == base) {
    // Only an empty segment can be rolled onto itself: its indexes are "full" with a tiny segment.index.bytes.
    return old->size() == 0 ? Status{} : fail(Errc::kInternal, "segment with this base offset exists", base);
  }
  KZ_CHECK(old->seal());
  KZ_TRY(auto segment, Segment::create(fs_, directory, base, now_ms, preallocate_bytes));
  {
    std::lock_guard lock(mutex_);
    segments_.emplace(base, std::move(segment));
    active_size_ = 0;
    directory_dirty_ = true;
    producers_.set_end_offset(base);
  }
  log_.info("Rolled new log segment at offset {}", base);
  snapshot_producers_async(base);
  run_in_background([self = shared_from_this(), base] { (void)self->flush_to(base, false); });
  return {};
}

}  // namespace kz::storage
