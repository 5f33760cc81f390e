// Log: construction, the numbers, epochs, flushing and closing. Appending, reading and truncation are in files of their
// own beside it.
#include "storage/kafka/log.h"

#include <algorithm>

#include "storage/kafka/log_exclusive.h"
#include "storage/kafka/names.h"
#include "storage/kafka/partition_metadata.h"
#include "storage/kafka/producer_snapshot.h"

namespace kz::storage {

Log::Log(LogState state, std::shared_ptr<const LogEnvironment> environment, const LogConfig& config)
    : tp_(std::move(state.tp)),
      tp_name_(partition_directory(tp_)),
      env_(std::move(environment)),
      fs_(*env_->fs),
      log_("kafka.log.UnifiedLog",
           fmt::format("UnifiedLog partition={}, dir={}", tp_name_, parent_directory(state.dir))),
      log_start_(state.log_start_offset),
      log_end_(state.log_end_offset),
      high_watermark_(state.log_start_offset),
      dir_(std::move(state.dir)),
      topic_id_(state.topic_id),
      segments_(std::move(state.segments)),
      epochs_(std::move(state.epochs)),
      producers_(std::move(state.producers)),
      recovery_point_(state.recovery_point),
      last_snapshot_offset_(state.last_snapshot_offset),
      parent_dirty_(state.created) {
  KZ_ASSERT(!segments_.empty());
  active_size_ = active()->size();
  set_config(config);
  publish_stable_offset();
}

Log::~Log() = default;

kafka::Uuid Log::topic_id() const {
  std::lock_guard lock(mutex_);
  return topic_id_;
}

Status Log::set_topic_id(kafka::Uuid id) {
  {
    std::lock_guard lock(mutex_);
    if (topic_id_ == id || id.is_zero()) return {};
    topic_id_ = id;
    directory_dirty_ = true;
  }
  return write_partition_metadata(fs_, dir(), id);
}

std::string Log::dir() const {
  std::lock_guard lock(mutex_);
  return dir_;
}

void Log::set_config(const LogConfig& config) {
  std::lock_guard lock(mutex_);
  // Once a topic; the internal ones are compacted by everybody's default and nobody chose it.
  if (config.compact && (!config_ || !config_->compact) && tp_.partition == 0 && !tp_.topic.starts_with("__"))
    log_.warn("Topic {} has cleanup.policy=compact, and there is no log cleaner yet: superseded records stay",
              tp_.topic);
  config_ = std::make_shared<const LogConfig>(config);
  // Spreads the rolls of many logs; any value in [0, jitter) does, and the name's hash keeps it stable.
  const int64_t bound = std::min(config.segment_jitter_ms, config.segment_ms);
  roll_jitter_ms_ =
      bound <= 0 ? 0 : static_cast<int64_t>(std::hash<std::string>{}(tp_name_) % static_cast<uint64_t>(bound));
}

LogConfig Log::config() const {
  std::lock_guard lock(mutex_);
  return *config_;
}

Offset Log::recovery_point() const {
  std::lock_guard lock(mutex_);
  return recovery_point_;
}

size_t Log::segment_count() const {
  std::lock_guard lock(mutex_);
  return segments_.size();
}

Offset Log::first_segment_base() const {
  std::lock_guard lock(mutex_);
  return segments_.begin()->first;
}

std::vector<std::shared_ptr<Segment>> Log::segment_list() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Segment>> out;
  out.reserve(segments_.size());
  for (const auto& [base, segment] : segments_) out.push_back(segment);
  return out;
}

int64_t Log::size_bytes() const {
  std::lock_guard lock(mutex_);
  int64_t total = 0;
  for (const auto& [base, segment] : segments_) total += segment->size();
  return total;
}

Offset Log::last_stable_offset() const {
  const Offset unstable = first_unstable_.load(std::memory_order_acquire);
  const Offset high = high_watermark();
  return unstable < 0 ? high : std::min(high, std::max(unstable, log_start_offset()));
}

void Log::publish_stable_offset() {
  first_unstable_.store(producers_.first_unstable_offset(), std::memory_order_release);
}

void Log::set_high_watermark(Offset offset) {
  std::lock_guard lock(mutex_);
  const Offset to = std::clamp(offset, log_start_.load(), std::max(log_start_.load(), log_end_.load()));
  producers_.on_high_watermark(to);
  publish_stable_offset();
  high_watermark_.store(to, std::memory_order_release);
}

void Log::begin_leader_epoch(LeaderEpoch epoch) {
  std::lock_guard lock(mutex_);
  leader_epoch_ = std::max(leader_epoch_, epoch);
  if (epoch >= 0 && epochs_.assign(epoch, log_end_)) epochs_dirty_ = true;
}

LeaderEpoch Log::latest_epoch() const {
  std::lock_guard lock(mutex_);
  const auto latest = epochs_.latest();
  return latest ? latest->epoch : -1;
}

EpochEnd Log::end_offset_for_epoch(LeaderEpoch epoch) const {
  std::lock_guard lock(mutex_);
  return epochs_.end_offset_for(epoch, log_end_);
}

LeaderEpoch Log::epoch_for_offset(Offset offset) const {
  std::lock_guard lock(mutex_);
  return epochs_.epoch_for(offset);
}

std::vector<ProducerEntry> Log::producers() const {
  std::lock_guard lock(mutex_);
  return producers_.entries();
}

void Log::remove_expired_producers(int64_t now_ms) {
  std::lock_guard lock(mutex_);
  producers_.remove_expired(now_ms);
}

void Log::set_producer_expiration(int64_t expiration_ms) {
  std::lock_guard lock(mutex_);
  producers_.set_expiration(expiration_ms);
}

void Log::run_in_background(std::move_only_function<void()> job) {
  if (!env_->background) return job();
  // A full queue means that the disk is far behind; the job then runs here rather than not at all.
  auto shared = std::make_shared<std::move_only_function<void()>>(std::move(job));
  if (!env_->background([shared] { (*shared)(); })) (*shared)();
}

AppendResult Log::store_failed(const Error& error, const char* doing) {
  offline_.store(true, std::memory_order_release);
  const auto why = fmt::format("Error while {} for {} in dir {}: {} ({}, {})", doing, tp_name_, parent_directory(dir()),
                               errc_text(error.code), error.what, error.detail);
  log_.error("{}", why);
  if (env_->on_failure) env_->on_failure(why);
  return std::unexpected(AppendFailure{kafka::ErrorCode::kKafkaStorageError, why, {}});
}

Status Log::write_epochs(bool sync) {
  std::lock_guard one_writer(epochs_file_mutex_);  // they share the name of the temporary file
  std::string text;
  std::string path;
  {
    std::lock_guard lock(mutex_);
    if (!epochs_dirty_ || moved_) return {};
    epochs_dirty_ = false;
    directory_dirty_ = true;
    text = epochs_.to_text();
    path = dir_ + "/" + kEpochCheckpointName;
  }
  if (auto ok = fs_.write_atomically(path, text, sync); !ok) {
    std::lock_guard lock(mutex_);
    epochs_dirty_ = true;
    return ok;
  }
  return {};
}

Status Log::flush_if_due(Now now) {
  {
    std::lock_guard lock(mutex_);
    if (config_->flush_ms == INT64_MAX || log_end_ <= recovery_point_ || offline()) return {};
    if (last_flush_ms_ == 0) last_flush_ms_ = now.wall_ms;
    if (now.wall_ms - last_flush_ms_ < config_->flush_ms) return {};
    last_flush_ms_ = now.wall_ms;
  }
  return flush();
}

Status Log::flush() { return flush_to(log_end_offset(), false); }

// The recovery point moves last: what lies below it - batches, indexes, epochs, names - is on the disk by then.
Status Log::flush_to(Offset offset, bool with_active) {
  std::lock_guard one_at_a_time(flush_mutex_);
  std::vector<std::shared_ptr<Segment>> segments;
  bool names = false;
  bool parent = false;
  std::string directory;
  {
    std::lock_guard lock(mutex_);
    if (offline()) return fail(Errc::kIo, "log directory is offline");
    if (moved_) return {};  // on its way to deletion
    offset = std::min(offset, log_end_.load());
    if (offset <= recovery_point_ && !with_active) return {};
    for (auto it = segments_.begin(); it != segments_.end(); ++it) {
      const auto next = std::next(it);
      if (next != segments_.end() && next->first <= recovery_point_) continue;
      if (it->first < offset || (with_active && next == segments_.end())) segments.push_back(it->second);
    }
    directory = dir_;
    names = directory_dirty_ || epochs_dirty_;
    parent = parent_dirty_;
    directory_dirty_ = false;  // a roll during the syncs sets it again
  }
  Status ok;
  for (const auto& segment : segments)
    if (ok) ok = segment->sync();
  if (ok) ok = write_epochs(false);
  if (ok && names) ok = fs_.sync_directory(directory);
  if (ok && parent) ok = fs_.sync_directory(parent_directory(directory));
  if (!ok) {
    {
      std::lock_guard lock(mutex_);
      directory_dirty_ = true;
    }
    store_failed(ok.error(), "flushing log");
    return ok;
  }
  std::lock_guard lock(mutex_);
  if (parent) parent_dirty_ = false;
  recovery_point_ = std::max(recovery_point_, std::min(offset, log_end_.load()));
  return {};
}

// The directory is looked up when the job runs, and cannot be renamed for deletion meanwhile: a name of before might by
// then be that of a new topic.
void Log::snapshot_producers_async(Offset offset) {
  std::string bytes;
  {
    std::lock_guard lock(mutex_);
    if (offset <= last_snapshot_offset_) return;
    last_snapshot_offset_ = offset;
    bytes = producers_.encode_snapshot();
  }
  run_in_background([self = shared_from_this(), offset, bytes = std::move(bytes)] {
    std::lock_guard not_renamed(self->flush_mutex_);
    std::string directory;
    {
      std::lock_guard lock(self->mutex_);
      if (self->moved_) return;
      directory = self->dir_;
    }
    if (auto ok = write_snapshot(self->fs_, directory, offset, bytes, true); !ok && !self->offline())
      self->log_.warn("Cannot write the producer snapshot at offset {}: {}", offset, errc_text(ok.error().code));
  });
}

Status Log::close() {
  {
    std::lock_guard lock(mutex_);
    if (closed_ || offline()) return {};
  }
  Exclusive writer(*this);
  KZ_CHECK(active()->seal());
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    directory_dirty_ = true;
  }
  // The snapshot lets the next start skip the replay. An empty one costs no sync: losing it loses nothing.
  if (log_end_ > last_snapshot_offset_) {
    KZ_CHECK(write_snapshot(fs_, dir_, log_end_, producers_.encode_snapshot(), !producers_.empty()));
    last_snapshot_offset_ = log_end_;
  }
  return flush_to(log_end_offset(), true);
}

void Log::set_offline() { offline_.store(true, std::memory_order_release); }

Status Log::move_to(const std::string& dir) {
  Exclusive writer(*this);
  std::lock_guard no_flush(flush_mutex_);
  std::lock_guard no_epochs(epochs_file_mutex_);
  std::lock_guard lock(mutex_);
  KZ_CHECK(fs_.rename(dir_, dir));
  dir_ = dir;
  closed_ = true;
  moved_ = true;
  for (const auto& [base, segment] : segments_) segment->moved(dir);
  return {};
}

}  // namespace kz::storage
