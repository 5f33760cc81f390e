// An in-memory PartitionLog and LogStore for tests of the data path: real validation, no files. Appends can be held
// back to stand for a busy disk; a log can be taken offline.
#pragma once
#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/kafka/record/batch.h"
#include "core/kafka/record/validate.h"
#include "core/ports_log.h"

namespace kz::broker::test {

class FakeLog final : public PartitionLog {
 public:
  FakeLog(TopicPartition tp, kafka::Uuid id, LogConfig config)
      : tp_(std::move(tp)), id_(id), config_(std::move(config)) {}

  bool hold_appends = false;
  std::function<void()> before_append;
  std::vector<std::move_only_function<void()>> held;
  bool is_offline = false;

  const TopicPartition& topic_partition() const override { return tp_; }
  kafka::Uuid topic_id() const override { return id_; }

  void append_as_leader(Slice records, LeaderEpoch epoch, AppendOrigin, int16_t produce_version, Now now,
                        std::move_only_function<void(AppendResult)> done) override {
    if (const auto hook = before_append) hook();
    auto work = [this, records = std::move(records), epoch, produce_version, now, done = std::move(done)]() mutable {
      done(append(std::move(records), epoch, produce_version, now));
    };
    if (hold_appends) {
      held.emplace_back(std::move(work));
    } else {
      work();
    }
  }
  AppendResult append_as_follower(Slice, Now) override { return std::unexpected(AppendFailure{}); }

  Result<LogReadInfo> read(Offset from, int64_t max_bytes, Offset upper_bound, bool at_least_one) override {
    std::lock_guard lock(mutex_);
    if (is_offline) return fail(Errc::kIo, "offline");
    if (from < start_ || from > end_) return fail(Errc::kOutOfRange, "fetch offset");
    LogReadInfo out;
    out.next_offset = end_;
    int64_t bytes = 0;
    for (const Slice& batch : batches_) {
      const kafka::BatchView view(batch.bytes());
      if (view.last_offset() < from) continue;
      if (view.last_offset() >= upper_bound) break;
      const bool first = out.records.empty();
      if (bytes + static_cast<int64_t>(batch.size()) > max_bytes && !(first && at_least_one)) break;
      bytes += static_cast<int64_t>(batch.size());
      out.records.append(batch);
    }
    return out;
  }

  Offset log_start_offset() const override { return start_; }
  Offset log_end_offset() const override { return end_; }
  Offset high_watermark() const override { return high_watermark_; }
  Offset last_stable_offset() const override { return std::min(high_watermark_.load(), stable_); }
  void set_high_watermark(Offset offset) override { high_watermark_ = offset; }
  int64_t size_bytes() const override {
    int64_t n = 0;
    for (const Slice& b : batches_) n += static_cast<int64_t>(b.size());
    return n;
  }
  Result<TimestampOffset> find_by_timestamp(int64_t timestamp) override {
    for (const Slice& b : batches_) {
      const kafka::BatchView v(b.bytes());
      if (v.max_timestamp() >= timestamp) return TimestampOffset{v.max_timestamp(), v.base_offset(), v.leader_epoch()};
    }
    return TimestampOffset{};
  }
  Result<TimestampOffset> find_max_timestamp() override {
    TimestampOffset best;
    for (const Slice& b : batches_) {
      const kafka::BatchView v(b.bytes());
      if (v.max_timestamp() > best.timestamp) best = {v.max_timestamp(), v.last_offset(), v.leader_epoch()};
    }
    return best;
  }
  void begin_leader_epoch(LeaderEpoch epoch) override { epochs_.emplace_back(epoch, end_); }
  LeaderEpoch latest_epoch() const override { return epochs_.empty() ? -1 : epochs_.back().first; }
  EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const override {
    if (epochs_.empty() || epoch < 0 || epoch > epochs_.back().first) return {};
    if (epoch == epochs_.back().first) return {epoch, end_};
    for (size_t i = 0; i + 1 < epochs_.size(); ++i) {
      if (epochs_[i].first <= epoch && epochs_[i + 1].first > epoch) return {epochs_[i].first, epochs_[i + 1].second};
    }
    return {epoch, epochs_.front().second};
  }
  LeaderEpoch epoch_for_offset(Offset offset) const override {
    LeaderEpoch out = -1;
    for (const auto& [epoch, start] : epochs_) {
      if (start <= offset) out = epoch;
    }
    return out;
  }
  Status truncate_to(Offset) override { return {}; }
  Status truncate_fully_and_start_at(Offset) override { return {}; }
  Status set_log_start_offset(Offset offset) override {
    start_ = offset;
    return {};
  }
  void set_config(const LogConfig& config) override { config_ = config; }
  LogConfig config() const override { return config_; }
  std::vector<AbortedTxn> aborted_transactions(Offset, Offset) override { return aborted; }
  std::vector<ProducerEntry> producers() const override { return {{77, 2, 9, 1234, -1, -1}}; }
  Status flush() override { return {}; }
  bool offline() const override { return is_offline; }

  void set_last_stable(Offset offset) { stable_ = offset; }
  void force_high_watermark(Offset offset) { high_watermark_ = offset; }
  std::vector<AbortedTxn> aborted;

 private:
  AppendResult append(Slice records, LeaderEpoch epoch, int16_t produce_version, Now now) {
    std::lock_guard lock(mutex_);
    if (is_offline) return std::unexpected(AppendFailure{kafka::ErrorCode::kKafkaStorageError, "", {}});
    const std::string name = tp_.topic + "-" + std::to_string(tp_.partition);
    kafka::ValidationRules rules;
    rules.topic_partition = name;
    rules.compacted = config_.compact;
    rules.max_message_bytes = config_.max_message_bytes;
    rules.produce_version = produce_version;
    rules.now_ms = now.wall_ms;
    auto valid = validator_.validate(std::move(records), rules);
    if (!valid) {
      AppendFailure failure{valid.error().code, valid.error().message, {}};
      for (auto& r : valid.error().records) failure.record_errors.push_back({r.batch_index, r.message});
      return std::unexpected(std::move(failure));
    }
    kafka::MutableBatch batch(valid->batch.mutable_bytes());
    batch.set_base_offset(end_);
    batch.set_leader_epoch(epoch);
    LogAppendInfo info;
    info.first_offset = end_;
    end_ += valid->count;
    info.last_offset = end_ - 1;
    info.max_timestamp = valid->max_timestamp;
    info.log_start_offset = start_;
    batches_.push_back(std::move(valid->batch));
    return info;
  }

  const TopicPartition tp_;
  const kafka::Uuid id_;
  LogConfig config_;
  kafka::BatchValidator validator_;
  std::vector<Slice> batches_;
  std::vector<std::pair<LeaderEpoch, Offset>> epochs_;
  mutable std::mutex mutex_;
  std::atomic<Offset> start_ = 0;
  std::atomic<Offset> end_ = 0;
  std::atomic<Offset> high_watermark_ = 0;
  Offset stable_ = INT64_MAX;
};

class FakeStore final : public LogStore {
 public:
  std::shared_ptr<PartitionLog> find(const TopicPartition& tp) const override {
    const auto it = logs.find(tp);
    return it == logs.end() ? nullptr : it->second;
  }
  Result<std::shared_ptr<PartitionLog>> get_or_create(const TopicPartition& tp, const LogConfig& config, kafka::Uuid id,
                                                      bool) override {
    if (fail_creation) return fail(Errc::kIo, "disk");
    auto& log = logs[tp];
    if (!log) log = std::make_shared<FakeLog>(tp, id, config);
    return std::shared_ptr<PartitionLog>(log);
  }
  Status remove(const TopicPartition& tp) override {
    logs.erase(tp);
    return {};
  }
  std::vector<std::shared_ptr<PartitionLog>> all() const override {
    std::vector<std::shared_ptr<PartitionLog>> out;
    for (const auto& [tp, log] : logs) out.push_back(log);
    return out;
  }
  std::string directory_of(const TopicPartition&) const override { return "/data"; }
  std::vector<DirInfo> directories() const override { return {{"/data", false, 1000, 400}, {"/bad", true, 0, 0}}; }
  void enforce_retention(Now) override {}
  void flush_dirty(Now) override {}
  void write_checkpoints() override {}

  FakeLog& log(const std::string& topic, int32_t partition) { return *logs.at({topic, partition}); }
  std::map<TopicPartition, std::shared_ptr<FakeLog>> logs;
  bool fail_creation = false;
};

}  // namespace kz::broker::test
