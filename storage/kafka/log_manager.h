// LogManager: the log directories of a broker and the logs in them. Source: LogManager.scala @ 3.4.0.
// Order at a start: open() locks the directories, load() opens the logs, then the broker serves; at a stop: shutdown().
// Without shutdown() the next start is an unclean one.
#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/rng.h"
#include "core/ports_log.h"
#include "storage/disk_pool.h"
#include "storage/kafka/checkpoints.h"
#include "storage/kafka/log.h"

namespace kz::storage {

struct LogManagerOptions {
  std::vector<std::string> dirs;  // log.dirs
  LogConfig defaults;             // where config_of is not set
  int recovery_threads_per_dir = 1;
  int sync_threads_per_dir = 1;
  int64_t producer_expiration_ms = 86'400'000;
  // The clock for creation times and delayed removal; the system's when empty.
  std::function<int64_t()> wall_ms;
  uint64_t seed = 0;       // for the names of deleted directories
  bool background = true;  // false: everything runs in the caller's thread (simulator)
};

enum class CheckpointKind : uint8_t { kAll, kRecoveryPoints, kLogStarts, kHighWatermarks };

// Thread-safe after load().
class LogManager final : public LogStore {
 public:
  LogManager(FileSystem& fs, LogManagerOptions options);
  ~LogManager() override;

  // Creates missing directories and locks all. Error: one line for people. A directory that cannot be used is offline;
  // an error only when it is locked by another process, named twice, or none is left.
  std::expected<void, std::string> open();
  // Loads every log, in parallel per directory. config_of is asked for each topic. threads_per_dir 0: as in the
  // options.
  std::expected<void, std::string> load(int threads_per_dir = 0);
  // Clean stop: logs closed, checkpoints and the clean-shutdown marker written, locks released.
  void shutdown();

  std::shared_ptr<PartitionLog> find(const TopicPartition& tp) const override;
  std::shared_ptr<Log> find_log(const TopicPartition& tp) const;
  Result<std::shared_ptr<PartitionLog>> get_or_create(const TopicPartition& tp, const LogConfig& config,
                                                      kafka::Uuid topic_id, bool is_new) override;
  Status remove(const TopicPartition& tp) override;
  std::vector<std::shared_ptr<PartitionLog>> all() const override;
  std::string directory_of(const TopicPartition& tp) const override;
  std::vector<DirInfo> directories() const override;
  void enforce_retention(Now now) override;
  void flush_dirty(Now now) override;
  void write_checkpoints() override { write_checkpoints(CheckpointKind::kAll); }
  void write_checkpoints(CheckpointKind kind);
  void remove_expired_producers(Now now);
  void set_producer_expiration(int64_t expiration_ms);
  // Files that were renamed for deletion and whose delay is over; the housekeeping calls do it too.
  void remove_due(int64_t wall_ms);
  // How the directory was left: true only when every directory had the clean-shutdown marker.
  bool was_clean() const { return was_clean_; }

 private:
  struct Directory {
    std::string path;
    std::unique_ptr<FileLock> lock;
    std::shared_ptr<LogEnvironment> environment;
    std::unique_ptr<DiskPool> pool;       // syncs, snapshots, removals
    std::unique_ptr<DiskPool> slow_lane;  // appends while the disk is slow
    std::atomic<bool> offline{false};
    bool clean = false;
    std::mutex checkpoint_mutex;                     // one writer of its checkpoints at a time
    std::map<std::string, std::string> checkpoints;  // last text written, by name
  };
  struct Entry {
    std::shared_ptr<Log> log;
    Directory* directory;
  };
  struct Due {
    int64_t wall_ms;
    std::move_only_function<void()> job;
  };

  int64_t wall_ms() const;
  void later(int64_t delay_ms, std::move_only_function<void()> job);
  std::expected<void, std::string> load_directory(Directory& directory, int threads);
  Result<std::shared_ptr<Log>> load_one(Directory& directory, const std::string& name, const TopicPartition& tp,
                                        const log_state::OffsetCheckpoint& recovery_points,
                                        const log_state::OffsetCheckpoint& log_starts,
                                        const log_state::OffsetCheckpoint& high_watermarks);
  LogConfig config_for(const std::string& topic) const;
  std::vector<std::pair<std::shared_ptr<Log>, Directory*>> logs() const;
  std::vector<std::shared_ptr<Log>> logs_of(const Directory& directory) const;
  void directory_failed(Directory& directory, const std::string& why);
  Status write_checkpoints(Directory& directory, CheckpointKind kind);
  void make_environment(Directory& directory);

  FileSystem& fs_;
  const LogManagerOptions options_;
  log::Logger log_;
  std::vector<std::unique_ptr<Directory>> directories_;  // fixed after open()
  std::atomic<int64_t> producer_expiration_ms_;
  bool was_clean_ = false;
  bool stopped_ = false;

  mutable std::mutex mutex_;  // what follows; never held while a log works
  std::unordered_map<TopicPartition, Entry, TopicPartitionHash> logs_;
  Rng rng_;
  std::mutex due_mutex_;
  std::deque<Due> due_;
  std::mutex create_mutex_;  // one creation or removal at a time; taken before mutex_
};

}  // namespace kz::storage
