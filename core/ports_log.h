// The port between the broker and its logs: core/broker sees a partition's log only through PartitionLog and LogStore;
// storage/kafka implements them on files, tests on SimDisk.
// Source of the rules: UnifiedLog.scala, LogManager.scala @ 3.4.0.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/bytes/slab.h"
#include "core/kafka/error.h"
#include "core/kafka/uuid.h"

namespace kz {

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};
struct TopicPartitionHash {
  size_t operator()(const TopicPartition& tp) const {
    return std::hash<std::string>{}(tp.topic) * 31 + static_cast<size_t>(tp.partition);
  }
};

// A topic's effective configuration as the log needs it (topic-configs.tsv). Values in the units of their names.
struct LogConfig {
  int64_t segment_bytes = 1073741824;
  int64_t segment_ms = 604800000;
  int64_t segment_jitter_ms = 0;
  int64_t segment_index_bytes = 10485760;
  int64_t flush_messages = INT64_MAX;
  int64_t flush_ms = INT64_MAX;
  int64_t retention_bytes = -1;
  int64_t retention_ms = 604800000;
  int64_t max_message_bytes = 1048588;
  int64_t index_interval_bytes = 4096;
  int64_t file_delete_delay_ms = 60000;
  int64_t delete_retention_ms = 86400000;
  int64_t min_compaction_lag_ms = 0;
  int64_t max_compaction_lag_ms = INT64_MAX;
  double min_cleanable_dirty_ratio = 0.5;
  bool compact = false;  // cleanup.policy contains compact
  bool del = true;       // cleanup.policy contains delete
  bool unclean_leader_election = false;
  int32_t min_insync_replicas = 1;
  std::string compression_type = "producer";
  bool preallocate = false;
  bool message_timestamp_is_append_time = false;  // message.timestamp.type=LogAppendTime
  int64_t message_timestamp_difference_max_ms = INT64_MAX;
  bool message_downconversion = true;
};

enum class AppendOrigin : uint8_t { kClient, kCoordinator, kReplication };

struct LogAppendInfo {
  Offset first_offset = -1;
  Offset last_offset = -1;
  int64_t max_timestamp = -1;
  int64_t log_append_time_ms = -1;  // -1 with CreateTime
  Offset log_start_offset = 0;
  bool duplicate = false;  // an idempotent batch that was there already; offsets are the old ones
};

struct RecordError {
  int32_t batch_index = 0;
  std::string message;
};

// A refused append, as the Produce response reports it.
struct AppendFailure {
  kafka::ErrorCode code = kafka::ErrorCode::kUnknownServerError;
  std::string message;                     // error_message (v8+); empty = null
  std::vector<RecordError> record_errors;  // v8+
};
using AppendResult = std::expected<LogAppendInfo, AppendFailure>;

struct LogReadInfo {
  Chain records;           // whole batches; may start before the asked offset
  Offset next_offset = 0;  // the log end offset at the time of the read
};

struct TimestampOffset {
  int64_t timestamp = -1;
  Offset offset = -1;
  LeaderEpoch leader_epoch = -1;
};

struct EpochEnd {
  LeaderEpoch epoch = -1;
  Offset end_offset = -1;
};

struct AbortedTxn {
  int64_t producer_id;
  Offset first_offset;
};

// State of one producer id, for DescribeProducers and tests.
struct ProducerEntry {
  int64_t producer_id;
  int16_t producer_epoch;
  int32_t last_sequence;
  int64_t last_timestamp;
  int32_t coordinator_epoch;
  Offset current_txn_start_offset;
};

// One partition's log. Thread-safe: any reactor may call; nothing here waits for another thread's write.
class PartitionLog {
 public:
  virtual ~PartitionLog() = default;
  virtual const TopicPartition& topic_partition() const = 0;
  virtual kafka::Uuid topic_id() const = 0;

  // Validates (record/validate.h), assigns offsets and leader epoch, appends. `records` is one or more v2 batches (or
  // legacy sets for old produce versions), edited in place when that is enough. done is called exactly once: before
  // the return when the log was idle, else later from the thread that wrote it.
  virtual void append_as_leader(Slice records, LeaderEpoch epoch, AppendOrigin origin, int16_t produce_version, Now now,
                                std::move_only_function<void(AppendResult)> done) = 0;
  // Batches that already carry offsets and epochs (from a leader). Synchronous.
  virtual AppendResult append_as_follower(Slice records, Now now) = 0;

  // Batches from the one that holds `from`, up to max_bytes, none at or beyond `upper_bound`. With at_least_one the
  // first batch comes whole even if larger. kOutOfRange: from < log start or > log end. kNotFound/kIo: storage failure.
  virtual Result<LogReadInfo> read(Offset from, int64_t max_bytes, Offset upper_bound, bool at_least_one) = 0;

  virtual Offset log_start_offset() const = 0;
  virtual Offset log_end_offset() const = 0;
  virtual Offset high_watermark() const = 0;
  virtual Offset last_stable_offset() const = 0;  // min(high watermark, first offset of the oldest open transaction)
  virtual void set_high_watermark(Offset offset) = 0;
  virtual int64_t size_bytes() const = 0;

  // First record with timestamp >= the given one; -1/-1 when none. kMaxTimestamp (-3) is find_max_timestamp.
  virtual Result<TimestampOffset> find_by_timestamp(int64_t timestamp) = 0;
  virtual Result<TimestampOffset> find_max_timestamp() = 0;

  // Leader epochs (KIP-101, KIP-279).
  virtual void begin_leader_epoch(LeaderEpoch epoch) = 0;  // epoch starts at the current log end offset
  virtual LeaderEpoch latest_epoch() const = 0;            // -1 when none
  virtual EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const = 0;
  virtual LeaderEpoch epoch_for_offset(Offset offset) const = 0;

  virtual Status truncate_to(Offset offset) = 0;
  virtual Status truncate_fully_and_start_at(Offset offset) = 0;
  virtual Status set_log_start_offset(Offset offset) = 0;  // DeleteRecords
  virtual void set_config(const LogConfig& config) = 0;
  virtual LogConfig config() const = 0;
  virtual std::vector<AbortedTxn> aborted_transactions(Offset from, Offset upper_bound) = 0;
  virtual std::vector<ProducerEntry> producers() const = 0;
  virtual Status flush() = 0;        // fsync up to the log end
  virtual bool offline() const = 0;  // its directory failed: KAFKA_STORAGE_ERROR
};

// All logs of a broker, over its log.dirs. Thread-safe.
class LogStore {
 public:
  virtual ~LogStore() = default;
  virtual std::shared_ptr<PartitionLog> find(const TopicPartition& tp) const = 0;
  // Opens or creates. topic_id zero: none is stored. is_new false: refuse to create while a directory is offline.
  virtual Result<std::shared_ptr<PartitionLog>> get_or_create(const TopicPartition& tp, const LogConfig& config,
                                                              kafka::Uuid topic_id, bool is_new) = 0;
  // Renames to ...-delete and removes after file.delete.delay.ms.
  virtual Status remove(const TopicPartition& tp) = 0;
  virtual std::vector<std::shared_ptr<PartitionLog>> all() const = 0;
  virtual std::string directory_of(const TopicPartition& tp) const = 0;
  struct DirInfo {
    std::string path;
    bool offline;
    int64_t total_bytes;
    int64_t usable_bytes;
  };
  virtual std::vector<DirInfo> directories() const = 0;
  // Housekeeping, called by the composition's timers on a disk thread.
  virtual void enforce_retention(Now now) = 0;
  virtual void flush_dirty(Now now) = 0;  // log.flush.interval.ms
  virtual void write_checkpoints() = 0;   // recovery points, log starts, high watermarks
  // Installed by the broker before logs load: effective configuration of a topic.
  std::function<LogConfig(const std::string& topic)> config_of;
  // A directory failed; called once per directory, from any thread.
  std::function<void(const std::string& directory, const std::string& why)> on_directory_failed;
};

}  // namespace kz
