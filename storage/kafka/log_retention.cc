// Log: what makes it shorter - truncation, DeleteRecords, retention. Source: UnifiedLog.truncateTo, deleteOldSegments,
// maybeIncrementLogStartOffset @ 3.4.0.
#include <algorithm>

#include "storage/kafka/log.h"
#include "storage/kafka/log_exclusive.h"
#include "storage/kafka/producer_snapshot.h"

namespace kz::storage {

// Readers that hold the segment go on reading: names change now, the bytes go after file.delete.delay.ms.
Status Log::delete_segments(const std::vector<Offset>& bases, Now, const char* reason) {
  int64_t delay_ms = 0;
  for (const Offset base : bases) {
    std::shared_ptr<Segment> segment;
    std::string directory;
    {
      std::lock_guard lock(mutex_);
      const auto it = segments_.find(base);
      segment = it->second;
      segments_.erase(it);
      directory = dir_;
      delay_ms = config_->file_delete_delay_ms;
      forget_spots();
      directory_dirty_ = true;
    }
    log_.info("Deleting segment at base offset {} ({} bytes) due to {}", base, segment->size(), reason);
    KZ_CHECK(segment->rename_files(".deleted"));
    KZ_CHECK(remove_snapshot(fs_, directory, base));
    auto remove = [segment, logger = log_] {
      if (auto ok = segment->remove_files(); !ok)
        logger.warn("Cannot remove a deleted segment at base offset {}: {}", segment->base(), ok.error().what);
    };
    if (env_->later)
      env_->later(delay_ms, std::move(remove));
    else
      remove();
  }
  return {};
}

Status Log::raise_log_start(Offset offset) {
  std::lock_guard lock(mutex_);
  if (offset > high_watermark_) return fail(Errc::kOutOfRange, "log start above the high watermark", offset);
  if (offset <= log_start_) return {};
  log_start_.store(offset, std::memory_order_release);
  if (recovery_point_ < offset) recovery_point_ = offset;
  if (epochs_.truncate_from_start(offset)) epochs_dirty_ = true;
  producers_.on_log_start(offset);
  publish_stable_offset();
  log_.info("Incremented log start offset to {}", offset);
  return {};
}

Status Log::set_log_start_offset(Offset offset) {
  if (offline()) return fail(Errc::kIo, "log directory is offline");
  return raise_log_start(offset);
}

Result<int> Log::delete_old_segments(Now now) {
  if (offline()) return 0;
  const LogConfig config = this->config();
  Exclusive writer(*this);
  struct Item {
    Offset base;
    Offset next;  // base of the next segment, or the log end for the active one
    std::shared_ptr<Segment> segment;
    bool active;
  };
  std::vector<Item> items;
  int64_t total = 0;
  const Offset high = high_watermark();
  for (const auto& segment : segment_list()) {
    if (!items.empty()) {
      items.back().next = segment->base();
      items.back().active = false;
    }
    items.push_back({segment->base(), log_end_offset(), segment, true});
    total += segment->size();
  }
  size_t gone = 0;
  // Takes segments from the oldest on while `out` says so; never beyond the high watermark, never an empty active one.
  const auto take = [&](const char* reason, auto&& out) -> Status {
    std::vector<Offset> bases;
    while (gone < items.size() && high >= items[gone].next &&
           !(items[gone].active && items[gone].segment->size() == 0) && out(items[gone])) {
      // There is always a segment to append to: the last one goes only behind a new one.
      if (items[gone].active) KZ_CHECK(roll(log_end_offset(), now.wall_ms));
      bases.push_back(items[gone].base);
      total -= items[gone].segment->size();
      ++gone;
    }
    if (bases.empty()) return {};
    KZ_CHECK(delete_segments(bases, now, reason));
    return raise_log_start(first_segment_base());
  };
  Status ok = take("log start offset breach", [&](const Item& i) { return !i.active && i.next <= log_start_offset(); });
  if (ok && config.del && config.retention_bytes >= 0) {
    int64_t over = total - config.retention_bytes;
    ok = take("retention size breach", [&](const Item& i) {
      if (over - i.segment->size() < 0) return false;
      over -= i.segment->size();
      return true;
    });
  }
  if (ok && config.del && config.retention_ms >= 0)
    ok = take("retention time breach",
              [&](const Item& i) { return now.wall_ms - i.segment->largest_timestamp() > config.retention_ms; });
  if (!ok) {
    store_failed(ok.error(), "deleting segments");
    return std::unexpected(ok.error());
  }
  return static_cast<int>(gone);
}

Status Log::truncate_to(Offset offset) {
  if (offset < 0) return fail(Errc::kInvalidArgument, "truncation offset", offset);
  if (offline()) return fail(Errc::kIo, "log directory is offline");
  if (offset < first_segment_base()) return truncate_fully_and_start_at(offset);
  Exclusive writer(*this);
  std::lock_guard no_flush(flush_mutex_);
  if (offset >= log_end_) {
    std::lock_guard lock(mutex_);
    if (epochs_.truncate_from_end(log_end_)) epochs_dirty_ = true;
    return {};
  }
  log_.info("Truncating to offset {}", offset);
  std::vector<Offset> later;
  std::shared_ptr<Segment> target;
  {
    std::lock_guard lock(mutex_);
    for (auto it = segments_.upper_bound(offset); it != segments_.end(); ++it) later.push_back(it->first);
    target = std::prev(segments_.upper_bound(offset))->second;
  }
  const auto work = [&]() -> Status {
    KZ_CHECK(delete_segments(later, {}, "truncation"));
    KZ_TRY(const int64_t cut, target->truncate_to(offset, 0));
    (void)cut;
    KZ_TRY(const Offset next, target->read_next_offset());
    std::lock_guard lock(mutex_);
    forget_spots();
    active_size_ = target->size();
    // As Kafka: the log ends where it was cut, even when the cut fell between batches with a gap.
    (void)next;
    log_end_.store(offset, std::memory_order_release);
    log_start_.store(std::min<Offset>(log_start_, offset), std::memory_order_release);
    recovery_point_ = std::min(recovery_point_, offset);
    if (high_watermark_ > offset) high_watermark_.store(offset, std::memory_order_release);
    if (epochs_.truncate_from_end(offset)) epochs_dirty_ = true;
    return rebuild_producers(offset);
  };
  auto ok = work();
  if (!ok) store_failed(ok.error(), "truncating log");
  return ok;
}

Status Log::truncate_fully_and_start_at(Offset offset) {
  if (offline()) return fail(Errc::kIo, "log directory is offline");
  Exclusive writer(*this);
  std::lock_guard no_flush(flush_mutex_);
  log_.info("Truncating the whole log, which starts at offset {} now", offset);
  std::vector<Offset> all;
  std::string directory;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [base, segment] : segments_) all.push_back(base);
    directory = dir_;
  }
  const auto work = [&]() -> Status {
    KZ_CHECK(delete_segments(all, {}, "truncation of the whole log"));
    KZ_TRY(auto segment, Segment::create(fs_, directory, offset, 0, preallocation_of(config())));
    KZ_TRY(const auto snapshots, list_snapshots(fs_, directory));
    for (const Offset s : snapshots) KZ_CHECK(remove_snapshot(fs_, directory, s));
    std::lock_guard lock(mutex_);
    segments_.emplace(offset, std::move(segment));
    active_size_ = 0;
    forget_spots();
    log_end_.store(offset, std::memory_order_release);
    log_start_.store(offset, std::memory_order_release);
    high_watermark_.store(offset, std::memory_order_release);
    recovery_point_ = offset;
    last_snapshot_offset_ = 0;
    if (epochs_.clear()) epochs_dirty_ = true;
    producers_.clear(offset);
    publish_stable_offset();
    return {};
  };
  auto ok = work();
  if (!ok) store_failed(ok.error(), "truncating log");
  return ok;
}

// Under mutex_: follower truncation is rare and short, and nobody may see the state half built.
Status Log::rebuild_producers(Offset end) {
  KZ_TRY(const Offset used, storage::rebuild_producers(fs_, dir_, segments_, log_start_, end, INT64_MIN, producers_));
  last_snapshot_offset_ = used > log_start_ ? used : 0;
  publish_stable_offset();
  return {};
}

}  // namespace kz::storage
