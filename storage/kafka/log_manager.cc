#include "storage/kafka/log_manager.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "storage/kafka/names.h"
#include "storage/kafka/recovery.h"

namespace kz::storage {

LogManager::LogManager(FileSystem& fs, LogManagerOptions options)
    : fs_(fs),
      options_(std::move(options)),
      log_("kafka.log.LogManager"),
      producer_expiration_ms_(options_.producer_expiration_ms),
      rng_(options_.seed) {}

LogManager::~LogManager() {
  // Jobs hold their logs; the pools run what is queued before the directories go.
  for (auto& d : directories_) {
    d->slow_lane.reset();
    d->pool.reset();
  }
}

int64_t LogManager::wall_ms() const {
  if (options_.wall_ms) return options_.wall_ms();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void LogManager::later(int64_t delay_ms, std::move_only_function<void()> job) {
  std::lock_guard lock(due_mutex_);
  due_.push_back({wall_ms() + delay_ms, std::move(job)});
}

void LogManager::remove_due(int64_t wall_ms) {
  for (;;) {
    std::move_only_function<void()> job;
    {
      std::lock_guard lock(due_mutex_);
      const auto it = std::find_if(due_.begin(), due_.end(), [&](const Due& d) { return d.wall_ms <= wall_ms; });
      if (it == due_.end()) return;
      job = std::move(it->job);
      due_.erase(it);
    }
    job();
  }
}

void LogManager::make_environment(Directory& directory) {
  if (options_.background) {
    directory.pool = std::make_unique<DiskPool>("kafka-log-sync", static_cast<size_t>(options_.sync_threads_per_dir));
    directory.slow_lane = std::make_unique<DiskPool>("kafka-log-write", 1);
  }
  auto environment = std::make_shared<LogEnvironment>();
  environment->fs = &fs_;
  if (directory.pool) {
    DiskPool* pool = directory.pool.get();
    DiskPool* lane = directory.slow_lane.get();
    environment->slow_lane = [lane](std::move_only_function<void()> job) { return lane->submit(std::move(job)); };
    environment->background = [pool](std::move_only_function<void()> job) { return pool->submit(std::move(job)); };
  }
  environment->on_failure = [this, &directory](const std::string& why) { directory_failed(directory, why); };
  environment->later = [this](int64_t delay_ms, std::move_only_function<void()> job) {
    later(delay_ms, std::move(job));
  };
  directory.environment = std::move(environment);
}

std::expected<void, std::string> LogManager::open() {
  std::set<std::string> seen;
  size_t usable = 0;
  for (const auto& path : options_.dirs) {
    if (!seen.insert(path).second) return std::unexpected(fmt::format("Duplicate log directory found: {}", path));
    auto directory = std::make_unique<Directory>();
    directory->path = path;
    Status ok;
    if (!fs_.exists(path)) {
      log_.info("Log directory {} not found, creating it.", path);
      ok = fs_.create_directories(path);
    }
    if (ok) {
      auto lock = fs_.lock(path + "/" + kLockName);
      if (lock)
        directory->lock = std::move(*lock);
      else if (lock.error().code == Errc::kLocked)
        return std::unexpected(
            fmt::format("Failed to acquire lock on file .lock in {}. A Kafka instance in another "
                        "process or thread is using this directory.",
                        path));
      else
        ok = std::unexpected(lock.error());
    }
    if (!ok) {
      log_.error("Failed to create or validate data directory {}: {} ({})", path, errc_text(ok.error().code),
                 ok.error().what);
      directory->offline = true;
    } else {
      ++usable;
    }
    make_environment(*directory);
    directories_.push_back(std::move(directory));
  }
  if (usable == 0) {
    std::string list;
    for (const auto& path : options_.dirs) list += (list.empty() ? "" : ", ") + path;
    return std::unexpected(fmt::format(
        "Shutdown broker because none of the specified log dirs from {} can be created or validated", list));
  }
  return {};
}

LogConfig LogManager::config_for(const std::string& topic) const {
  return config_of ? config_of(topic) : options_.defaults;
}

std::expected<void, std::string> LogManager::load(int threads_per_dir) {
  was_clean_ = true;
  for (auto& d : directories_) {
    if (d->offline) continue;
    if (auto ok = load_directory(*d, threads_per_dir > 0 ? threads_per_dir : options_.recovery_threads_per_dir); !ok)
      return ok;
    was_clean_ = was_clean_ && d->clean;
  }
  if (std::all_of(directories_.begin(), directories_.end(), [](const auto& d) { return d->offline.load(); }))
    return std::unexpected(std::string("Shutdown broker because all log dirs have failed"));
  return {};
}

std::expected<void, std::string> LogManager::load_directory(Directory& d, int recovery_threads) {
  const auto failed = [&](const Error& e, const char* doing) -> std::expected<void, std::string> {
    directory_failed(
        d, fmt::format("Error while {} in dir {}: {} ({}, {})", doing, d.path, errc_text(e.code), e.what, e.detail));
    return {};
  };
  const std::string marker = d.path + "/" + kCleanShutdownName;
  d.clean = fs_.exists(marker);
  if (d.clean) {
    // Gone before anything changes, durably: a crash from here on must be seen as one.
    if (auto ok = fs_.remove(marker); !ok) return failed(ok.error(), "removing the clean shutdown marker");
    if (auto ok = fs_.sync_directory(d.path); !ok) return failed(ok.error(), "removing the clean shutdown marker");
  }
  auto names = fs_.list(d.path);
  if (!names) return failed(names.error(), "listing");
  const auto recovery_points = read_checkpoint(fs_, d.path, kRecoveryPointCheckpoint);
  if (!recovery_points) return failed(recovery_points.error(), "reading checkpoints");
  const auto log_starts = read_checkpoint(fs_, d.path, kLogStartCheckpoint);
  if (!log_starts) return failed(log_starts.error(), "reading checkpoints");
  const auto high_watermarks = read_checkpoint(fs_, d.path, kHighWatermarkCheckpoint);
  if (!high_watermarks) return failed(high_watermarks.error(), "reading checkpoints");

  struct Job {
    std::string name;
    TopicPartition tp;
  };
  std::vector<Job> jobs;
  std::sort(names->begin(), names->end());
  for (const auto& name : *names) {
    const auto info = fs_.stat(d.path + "/" + name);
    if (!info || !info->directory) continue;
    if (name.ends_with(kDeleteDirectorySuffix)) {
      later(options_.defaults.file_delete_delay_ms, [this, path = d.path + "/" + name] {
        if (auto ok = fs_.remove_tree(path); !ok) log_.warn("Cannot remove {}: {}", path, ok.error().what);
      });
      continue;
    }
    const auto tp = parse_partition_directory(name);
    if (!tp || name.ends_with(kFutureDirectorySuffix)) {
      log_.warn("Skipping directory {}/{}, which is not in the form of topic-partition", d.path, name);
      continue;
    }
    jobs.push_back({name, *tp});
  }
  if (jobs.empty()) {
    log_.info("Loading logs from log dir {}: none found", d.path);
    return {};
  }
  log_.info("Loading {} logs from log dir {} after {} shutdown", jobs.size(), d.path, d.clean ? "clean" : "unclean");

  std::mutex result_mutex;
  std::optional<Error> first_error;
  std::string duplicate;
  const auto run = [&](const Job& job) {
    auto log = load_one(d, job.name, job.tp, *recovery_points, *log_starts, *high_watermarks);
    std::lock_guard lock(result_mutex);
    if (!log) {
      if (!first_error) first_error = log.error();
      return;
    }
    std::lock_guard map_lock(mutex_);
    if (!logs_.emplace(job.tp, Entry{*log, &d}).second) duplicate = job.name;
  };
  const auto threads = std::min<size_t>(static_cast<size_t>(std::max(recovery_threads, 1)), jobs.size());
  if (threads <= 1 || !options_.background) {
    for (const auto& job : jobs) run(job);
  } else {
    DiskPool pool("kz-recovery", threads, jobs.size());
    for (const auto& job : jobs)
      if (!pool.submit([&run, &job] { run(job); })) run(job);
    pool.drain();
  }
  if (!duplicate.empty())
    return std::unexpected(
        fmt::format("Duplicate log directories for {} are found in {} and another log directory. It "
                    "is likely because log directory failure happened while broker was replacing "
                    "current replica with future replica. Recover broker from this failure by "
                    "manually deleting one of the two directories for this partition.",
                    duplicate, d.path));
  if (first_error) return failed(*first_error, "loading logs");
  return {};
}

Result<std::shared_ptr<Log>> LogManager::load_one(Directory& d, const std::string& name, const TopicPartition& tp,
                                                  const log_state::OffsetCheckpoint& recovery_points,
                                                  const log_state::OffsetCheckpoint& log_starts,
                                                  const log_state::OffsetCheckpoint& high_watermarks) {
  const auto value = [&](const log_state::OffsetCheckpoint& map) -> Offset {
    const auto it = map.find(tp);
    return it == map.end() ? 0 : it->second;
  };
  LoadOptions options;
  options.clean_shutdown = d.clean;
  options.log_start_checkpoint = value(log_starts);
  options.recovery_point = value(recovery_points);
  options.config = config_for(tp.topic);
  options.now_ms = wall_ms();
  options.producer_expiration_ms = producer_expiration_ms_;
  KZ_TRY(LogState state, load_log(fs_, d.path + "/" + name, tp, options));
  auto log = std::make_shared<Log>(std::move(state), d.environment, options.config);
  log->set_high_watermark(value(high_watermarks));
  return log;
}

std::shared_ptr<Log> LogManager::find_log(const TopicPartition& tp) const {
  std::lock_guard lock(mutex_);
  const auto it = logs_.find(tp);
  return it == logs_.end() ? nullptr : it->second.log;
}

std::shared_ptr<PartitionLog> LogManager::find(const TopicPartition& tp) const { return find_log(tp); }

Result<std::shared_ptr<PartitionLog>> LogManager::get_or_create(const TopicPartition& tp, const LogConfig& config,
                                                                kafka::Uuid topic_id, bool is_new) {
  std::lock_guard one_at_a_time(create_mutex_);
  if (auto log = find_log(tp)) {
    if (!topic_id.is_zero() && log->topic_id().is_zero()) KZ_CHECK(log->set_topic_id(topic_id));
    return log;
  }
  // The partition may live in a directory that is offline: an empty log in its place would lose it.
  Directory* best = nullptr;
  size_t fewest = SIZE_MAX;
  for (auto& d : directories_) {
    if (d->offline) {
      if (!is_new) return fail(Errc::kIo, "cannot create a log while a log directory is offline");
      continue;
    }
    const size_t n = logs_of(*d).size();
    if (n < fewest) {
      fewest = n;
      best = d.get();
    }
  }
  if (best == nullptr) return fail(Errc::kIo, "no log directory is online");
  const std::string path = best->path + "/" + partition_directory(tp);
  auto state = create_log(fs_, path, tp, wall_ms(), producer_expiration_ms_, preallocation_of(config));
  if (!state) {
    directory_failed(*best, fmt::format("Error while creating log for {} in dir {}: {} ({})", partition_directory(tp),
                                        best->path, errc_text(state.error().code), state.error().what));
    return std::unexpected(state.error());
  }
  auto log = std::make_shared<Log>(std::move(*state), best->environment, config);
  if (!topic_id.is_zero()) {
    if (auto ok = log->set_topic_id(topic_id); !ok) {
      directory_failed(*best, fmt::format("Error while writing partition metadata for {}: {}", partition_directory(tp),
                                          errc_text(ok.error().code)));
      return std::unexpected(ok.error());
    }
  }
  std::lock_guard lock(mutex_);
  logs_.emplace(tp, Entry{log, best});
  log_.info("Created log for partition {} in {}", partition_directory(tp), path);
  return log;
}

Status LogManager::remove(const TopicPartition& tp) {
  std::lock_guard one_at_a_time(create_mutex_);
  Entry entry;
  std::string to;
  {
    std::lock_guard lock(mutex_);
    const auto it = logs_.find(tp);
    if (it == logs_.end()) return fail(Errc::kNotFound, "log");
    entry = it->second;
    logs_.erase(it);
    to = entry.directory->path + "/" + delete_directory(tp, rng_);
  }
  const std::string from = entry.log->dir();
  if (entry.directory->offline) return {};
  if (auto ok = entry.log->move_to(to); !ok) {
    directory_failed(*entry.directory,
                     fmt::format("Error while renaming {} to {}: {}", from, to, errc_text(ok.error().code)));
    return ok;
  }
  log_.info("Log for partition {} is renamed to {} and is scheduled for deletion", partition_directory(tp), to);
  later(entry.log->config().file_delete_delay_ms, [this, to] {
    if (auto ok = fs_.remove_tree(to); !ok) log_.warn("Cannot remove {}: {}", to, ok.error().what);
  });
  return {};
}

std::vector<std::shared_ptr<PartitionLog>> LogManager::all() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<PartitionLog>> out;
  out.reserve(logs_.size());
  for (const auto& [tp, entry] : logs_) out.push_back(entry.log);
  return out;
}

std::vector<std::pair<std::shared_ptr<Log>, LogManager::Directory*>> LogManager::logs() const {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<std::shared_ptr<Log>, Directory*>> out;
  out.reserve(logs_.size());
  for (const auto& [tp, entry] : logs_) out.emplace_back(entry.log, entry.directory);
  return out;
}

std::vector<std::shared_ptr<Log>> LogManager::logs_of(const Directory& directory) const {
  std::vector<std::shared_ptr<Log>> out;
  for (auto& [log, d] : logs())
    if (d == &directory) out.push_back(std::move(log));
  return out;
}

std::string LogManager::directory_of(const TopicPartition& tp) const {
  std::lock_guard lock(mutex_);
  const auto it = logs_.find(tp);
  return it == logs_.end() ? std::string() : it->second.directory->path;
}

std::vector<LogStore::DirInfo> LogManager::directories() const {
  std::vector<DirInfo> out;
  for (const auto& d : directories_) {
    DirInfo info{d->path, d->offline, -1, -1};
    if (!info.offline)
      if (const auto space = fs_.space(d->path)) {
        info.total_bytes = space->first;
        info.usable_bytes = space->second;
      }
    out.push_back(std::move(info));
  }
  return out;
}

void LogManager::directory_failed(Directory& directory, const std::string& why) {
  if (directory.offline.exchange(true)) return;
  log_.error("Stopping serving logs in dir {}: {}", directory.path, why);
  for (const auto& log : logs_of(directory)) log->set_offline();
  if (on_directory_failed) on_directory_failed(directory.path, why);
}

void LogManager::enforce_retention(Now now) {
  remove_due(now.wall_ms);
  for (const auto& [log, directory] : logs()) {
    if (directory->offline) continue;
    // A failure has taken the directory offline already.
    (void)log->delete_old_segments(now);
  }
}

void LogManager::flush_dirty(Now now) {
  remove_due(now.wall_ms);
  for (const auto& [log, directory] : logs())
    if (!directory->offline) (void)log->flush_if_due(now);
}

void LogManager::remove_expired_producers(Now now) {
  for (const auto& [log, directory] : logs()) log->remove_expired_producers(now.wall_ms);
}

void LogManager::set_producer_expiration(int64_t expiration_ms) {
  if (producer_expiration_ms_.exchange(expiration_ms) == expiration_ms) return;
  for (const auto& [log, directory] : logs()) log->set_producer_expiration(expiration_ms);
}

Status LogManager::write_checkpoints(Directory& d, CheckpointKind kind) {
  std::lock_guard one_writer(d.checkpoint_mutex);
  log_state::OffsetCheckpoint recovery_points;
  log_state::OffsetCheckpoint log_starts;
  log_state::OffsetCheckpoint high_watermarks;
  for (const auto& log : logs_of(d)) {
    const TopicPartition& tp = log->topic_partition();
    recovery_points[tp] = log->recovery_point();
    if (log->log_start_offset() > log->first_segment_base()) log_starts[tp] = log->log_start_offset();
    high_watermarks[tp] = log->high_watermark();
    KZ_CHECK(log->write_epochs(false));
  }
  bool changed = false;
  const auto put = [&](const char* name, const log_state::OffsetCheckpoint& entries) -> Status {
    std::string text = log_state::offset_checkpoint_text(entries);
    std::string& last = d.checkpoints[name];
    if (text == last) return {};
    KZ_CHECK(write_checkpoint(fs_, d.path, name, entries));
    last = std::move(text);
    changed = true;
    return {};
  };
  const auto due = [kind](CheckpointKind k) { return kind == CheckpointKind::kAll || kind == k; };
  if (due(CheckpointKind::kRecoveryPoints)) KZ_CHECK(put(kRecoveryPointCheckpoint, recovery_points));
  if (due(CheckpointKind::kLogStarts)) KZ_CHECK(put(kLogStartCheckpoint, log_starts));
  if (due(CheckpointKind::kHighWatermarks)) KZ_CHECK(put(kHighWatermarkCheckpoint, high_watermarks));
  return changed ? fs_.sync_directory(d.path) : Status{};
}

void LogManager::write_checkpoints(CheckpointKind kind) {
  for (auto& d : directories_) {
    if (d->offline) continue;
    if (auto ok = write_checkpoints(*d, kind); !ok)
      directory_failed(
          *d, fmt::format("Disk error while writing checkpoints in dir {}: {}", d->path, errc_text(ok.error().code)));
  }
  remove_due(wall_ms());
}

void LogManager::shutdown() {
  if (std::exchange(stopped_, true)) return;
  for (auto& d : directories_) {
    if (d->offline) continue;
    if (d->slow_lane) d->slow_lane->drain();
    if (d->pool) d->pool->drain();
    bool clean = true;
    const auto close_one = [&](const std::shared_ptr<Log>& log) {
      if (auto ok = log->close(); !ok) clean = false;
    };
    for (const auto& log : logs_of(*d)) close_one(log);
    if (auto ok = write_checkpoints(*d, CheckpointKind::kAll); !ok) clean = false;
    if (!clean || d->offline) {
      log_.warn("Log directory {} was not closed cleanly; the next start recovers it", d->path);
      continue;
    }
    auto marker = fs_.open(d->path + "/" + kCleanShutdownName, OpenMode::kCreate);
    if (marker) (void)fs_.sync_directory(d->path);
    d->lock.reset();
  }
  log_.info("Shutdown complete.");
}

}  // namespace kz::storage
