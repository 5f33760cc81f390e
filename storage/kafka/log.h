// Log: one partition's log on disk, the PartitionLog that the broker uses. Source: UnifiedLog.scala, LocalLog.scala @
// 3.4.0. Writing is one thread at a time: whoever finds the log idle takes the writer's role, writes what others queue
// meanwhile, and answers for them; nobody waits for another's write but the rare exclusive operations (truncation,
// roll by retention, closing), which run on disk or replica threads.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/kafka/record/validate.h"
#include "core/log/epoch_cache.h"
#include "core/log/producer_state.h"
#include "core/ports_log.h"
#include "storage/kafka/segment.h"

namespace kz::storage {

// What all logs of one directory share. Outlives them.
struct LogEnvironment {
  FileSystem* fs = nullptr;
  // Runs a job on a disk thread; false: not taken. In place when empty (tests).
  std::function<bool(std::move_only_function<void()>)> background;
  // Where appends run while the disk is slow, so that no reactor waits for it; a thread of its own, because
  // `background` may be busy syncing for seconds. Not used when empty.
  std::function<bool(std::move_only_function<void()>)> slow_lane;
  // Writes of records that must be quick before appends run in their callers' threads again; 0 = the disk is calm.
  mutable std::atomic<int> slow_writes_left{0};
  // The directory failed: it goes offline. Any thread.
  std::function<void(const std::string& why)> on_failure;
  // Runs a job after a while, on a disk thread. In place when empty (tests).
  std::function<void(int64_t delay_ms, std::move_only_function<void()>)> later;
};

// What loading found (recovery.h), or an empty log.
struct LogState {
  std::string dir;
  TopicPartition tp;
  kafka::Uuid topic_id;
  std::map<Offset, std::shared_ptr<Segment>> segments;  // at least one
  Offset log_start_offset = 0;
  Offset recovery_point = 0;
  Offset log_end_offset = 0;
  log_state::EpochCache epochs;
  log_state::ProducerStateTable producers;
  Offset last_snapshot_offset = 0;
  bool created = false;  // the directory is new
};

class Log final : public PartitionLog, public std::enable_shared_from_this<Log> {
 public:
  Log(LogState state, std::shared_ptr<const LogEnvironment> environment, const LogConfig& config);
  ~Log() override;

  const TopicPartition& topic_partition() const override { return tp_; }
  kafka::Uuid topic_id() const override;
  // done must not call the exclusive operations of this log (truncate_*, flush, close): its caller may be the writer.
  void append_as_leader(Slice records, LeaderEpoch epoch, AppendOrigin origin, int16_t produce_version, Now now,
                        std::move_only_function<void(AppendResult)> done) override;
  AppendResult append_as_follower(Slice records, Now now) override;
  Result<LogReadInfo> read(Offset from, int64_t max_bytes, Offset upper_bound, bool at_least_one) override;

  Offset log_start_offset() const override { return log_start_.load(std::memory_order_acquire); }
  Offset log_end_offset() const override { return log_end_.load(std::memory_order_acquire); }
  Offset high_watermark() const override { return high_watermark_.load(std::memory_order_acquire); }
  Offset last_stable_offset() const override;
  void set_high_watermark(Offset offset) override;
  int64_t size_bytes() const override;

  Result<TimestampOffset> find_by_timestamp(int64_t timestamp) override;
  Result<TimestampOffset> find_max_timestamp() override;

  void begin_leader_epoch(LeaderEpoch epoch) override;
  LeaderEpoch latest_epoch() const override;
  EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const override;
  LeaderEpoch epoch_for_offset(Offset offset) const override;

  Status truncate_to(Offset offset) override;
  Status truncate_fully_and_start_at(Offset offset) override;
  Status set_log_start_offset(Offset offset) override;
  void set_config(const LogConfig& config) override;
  LogConfig config() const override;
  std::vector<AbortedTxn> aborted_transactions(Offset from, Offset upper_bound) override;
  std::vector<ProducerEntry> producers() const override;
  Status flush() override;
  bool offline() const override { return offline_.load(std::memory_order_acquire); }

  // ---- for the manager ----
  std::string dir() const;
  Offset recovery_point() const;
  // flush.ms: flushes when records wait that long.
  Status flush_if_due(Now now);
  size_t segment_count() const;
  Offset first_segment_base() const;
  Status set_topic_id(kafka::Uuid id);  // writes partition.metadata
  // Segments that the retention rules give up, oldest first. Returns how many went.
  Result<int> delete_old_segments(Now now);
  void remove_expired_producers(int64_t now_ms);
  void set_producer_expiration(int64_t expiration_ms);
  // Epoch file, if it changed.
  Status write_epochs(bool sync);
  // flush, producer snapshot, epoch file, trimmed indexes; then nothing may be called but the destructor.
  Status close();
  // The directory is given up: every call fails from now on. No file is touched.
  void set_offline();
  // The directory was renamed to ...-delete.
  // Renames the directory for deletion: no write, flush or checkpoint is under way then, and none comes after.
  Status move_to(const std::string& dir);

 private:
  struct Pending {
    kafka::ValidBatch batch;
    LeaderEpoch epoch;
    AppendOrigin origin;
    Now now;
    std::move_only_function<void(AppendResult)> done;
  };
  struct Spot {  // a batch boundary: where a sequential reader goes on
    Offset offset = -1;
    Offset segment = -1;
    int64_t position = 0;
  };
  // The writer's role, taken by waiting.
  class Exclusive;

  void run_writer(Pending first);
  Status timed_append(Segment& segment, const Pending& p, Offset first, Offset last, int64_t index_interval_bytes);
  AppendResult write_batch(Pending& p, bool& wants_sync);
  AppendResult store_failed(const Error& error, const char* doing);
  std::expected<std::shared_ptr<Segment>, Error> roll_if_needed(size_t bytes, int64_t max_timestamp, Offset first,
                                                                Offset last, int64_t now_ms);
  Status roll(Offset base, int64_t now_ms);
  void snapshot_producers_async(Offset offset);
  Status delete_segments(const std::vector<Offset>& bases, Now now, const char* reason);
  Status raise_log_start(Offset offset);
  Status rebuild_producers(Offset end);  // under mutex_
  Status flush_to(Offset offset, bool with_active);
  void run_in_background(std::move_only_function<void()> job);
  void publish_stable_offset();  // under mutex_
  void note_spot(Spot spot);     // under mutex_
  std::shared_ptr<Segment> active() const { return segments_.rbegin()->second; }
  std::optional<int64_t> spot(Offset offset, Offset segment) const;  // under mutex_
  void forget_spots();                                               // under mutex_
  std::vector<std::shared_ptr<Segment>> segment_list() const;
  kafka::ValidationRules rules_for(const LogConfig& config, AppendOrigin origin, int16_t version, Now now) const;
  std::string name() const { return tp_name_; }

  const TopicPartition tp_;
  const std::string tp_name_;  // "topic-0"
  const std::shared_ptr<const LogEnvironment> env_;
  FileSystem& fs_;
  log::Logger log_;

  std::atomic<Offset> log_start_;
  std::atomic<Offset> log_end_;
  std::atomic<Offset> high_watermark_;
  std::atomic<Offset> first_unstable_{-1};
  std::atomic<bool> offline_{false};

  mutable std::mutex mutex_;  // what follows; held for short steps, never for a write of records
  std::condition_variable idle_;
  bool writing_ = false;
  std::deque<Pending> queue_;
  std::shared_ptr<const LogConfig> config_;
  int64_t roll_jitter_ms_ = 0;
  std::string dir_;
  kafka::Uuid topic_id_;
  std::map<Offset, std::shared_ptr<Segment>> segments_;
  log_state::EpochCache epochs_;
  bool epochs_dirty_ = false;
  log_state::ProducerStateTable producers_;
  Offset recovery_point_;
  Offset last_snapshot_offset_;
  int64_t last_flush_ms_ = 0;
  int64_t active_size_ = 0;        // bytes of the active segment below the log end
  bool directory_dirty_ = true;    // names in it not synced
  bool parent_dirty_ = false;      // its own name not synced
  LeaderEpoch leader_epoch_ = -1;  // of the latest order to lead; appends under an older one came too late
  bool closed_ = false;
  bool moved_ = false;  // renamed for deletion
  std::array<Spot, 16> spots_;
  size_t next_spot_ = 0;
  std::mutex flush_mutex_;        // one flush at a time; after the writer's role, before mutex_
  std::mutex epochs_file_mutex_;  // after flush_mutex_, before mutex_
};

}  // namespace kz::storage
