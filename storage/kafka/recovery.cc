#include "storage/kafka/recovery.h"

#include <algorithm>
#include <set>

#include "storage/kafka/names.h"
#include "storage/kafka/partition_metadata.h"
#include "storage/kafka/producer_snapshot.h"

namespace kz::storage {

namespace {

const log::Logger& logger() {
  static const log::Logger instance("kafka.log.LogLoader");
  return instance;
}

Status remove_if_there(FileSystem& fs, const std::string& path) {
  auto ok = fs.remove(path);
  return !ok && ok.error().code == Errc::kNotFound ? Status{} : ok;
}

// Leftovers of deletion and of an interrupted compaction. Returns the names that stay.
Result<std::set<std::string>> clear_leftovers(FileSystem& fs, const std::string& dir) {
  KZ_TRY(const auto listed, fs.list(dir));
  std::set<std::string> names(listed.begin(), listed.end());
  const auto drop = [&](const std::string& name) -> Status {
    names.erase(name);
    return remove_if_there(fs, dir + "/" + name);
  };
  Offset min_cleaned = INT64_MAX;
  for (const auto& name : listed)
    if (name.ends_with(kCleanedSuffix)) min_cleaned = std::min(min_cleaned, offset_of_file(name).value_or(INT64_MAX));
  for (const auto& name : listed) {
    const bool half_swap = name.ends_with(kSwapSuffix) && offset_of_file(name).value_or(0) >= min_cleaned;
    if (name.ends_with(kDeletedSuffix) || name.ends_with(kCleanedSuffix) || name.ends_with(".tmp") || half_swap)
      KZ_CHECK(drop(name));
  }
  // What is left of .swap was complete: it replaces the segments of its range.
  Offset from = INT64_MAX;
  Offset to = INT64_MIN;
  const std::set<std::string> now = names;
  for (const auto& name : now) {
    if (!name.ends_with(".log.swap")) continue;
    KZ_TRY(auto file, fs.open(dir + "/" + name, OpenMode::kRead));
    KZ_TRY(const int64_t size, file->size());
    HeaderScan scan(*file, 0, size);
    const Offset base = offset_of_file(name).value_or(0);
    from = std::min(from, base);
    to = std::max(to, base);
    for (;;) {
      const auto batch = scan.next();
      if (!batch || !*batch) break;
      to = std::max(to, (*batch)->last_offset + 1);
    }
  }
  for (const auto& name : now) {
    const auto offset = offset_of_file(name);
    if (offset && !name.ends_with(kSwapSuffix) && *offset >= from && *offset < to) KZ_CHECK(drop(name));
  }
  for (const auto& name : now) {
    if (!name.ends_with(kSwapSuffix)) continue;
    const std::string final_name = name.substr(0, name.size() - kSwapSuffix.size());
    KZ_CHECK(fs.rename(dir + "/" + name, dir + "/" + final_name));
    names.erase(name);
    names.insert(final_name);
  }
  return names;
}

Status remove_segment(FileSystem& fs, const std::string& dir, Segment& segment) {
  KZ_CHECK(segment.remove_files());
  return remove_snapshot(fs, dir, segment.base());
}

}  // namespace

Result<int64_t> recover_segment(Segment& segment, const LoadOptions& options, log_state::EpochCache& epochs,
                                log_state::ProducerStateTable& producers) {
  KZ_CHECK(segment.reset_indexes());
  const int64_t size = segment.size();
  BatchScan scan(segment.file(), 0, size);
  int64_t good = 0;
  Offset next = segment.base();
  std::string why = "a batch that is not whole";
  for (;;) {
    auto batch = scan.next(true);
    if (!batch) {
      if (batch.error().code == Errc::kIo) return std::unexpected(batch.error());
      why = fmt::format("{} ({})", errc_text(batch.error().code), batch.error().what);
      break;
    }
    if (!*batch) break;
    const BatchInfo& info = (*batch)->info;
    // A batch of magic 0 or 1 names only its last offset.
    if ((info.magic == 2 && info.base_offset < next) || info.last_offset < next || !segment.fits(info.last_offset)) {
      why = fmt::format("offset {} out of order", info.base_offset);
      break;
    }
    auto aborted = replay_batch(info, (*batch)->bytes, producers);
    if (!aborted) {
      why = aborted.error().what;
      break;
    }
    KZ_CHECK(segment.index_batch(info, options.config.index_interval_bytes));
    if (*aborted) KZ_CHECK(segment.txn_index().append(**aborted));
    if (info.magic == 2 && info.leader_epoch >= 0) {
      const auto latest = epochs.latest();
      if (!latest || info.leader_epoch > latest->epoch) epochs.assign(info.leader_epoch, info.base_offset);
    }
    good = info.position + info.size;
    next = info.last_offset + 1;
  }
  if (good < size)
    logger().warn("Found invalid messages in log segment {} at byte offset {}: {}.", segment.file().path(), good, why);
  KZ_CHECK(segment.cut_at(good));
  KZ_CHECK(segment.seal());
  return size - good;
}

Result<LogState> create_log(FileSystem& fs, const std::string& dir, const TopicPartition& tp, int64_t now_ms,
                            int64_t producer_expiration_ms, int64_t preallocate_bytes) {
  KZ_CHECK(fs.create_directories(dir));
  LogState out;
  out.dir = dir;
  out.tp = tp;
  KZ_TRY(auto segment, Segment::create(fs, dir, 0, now_ms, preallocate_bytes));
  out.segments.emplace(0, std::move(segment));
  out.producers = log_state::ProducerStateTable(producer_expiration_ms);
  out.created = true;
  return out;
}

Result<LogState> load_log(FileSystem& fs, const std::string& dir, const TopicPartition& tp,
                          const LoadOptions& options) {
  LogState out;
  out.dir = dir;
  out.tp = tp;
  out.producers = log_state::ProducerStateTable(options.producer_expiration_ms);
  KZ_TRY(const auto names, clear_leftovers(fs, dir));
  // Before a rebuild removes those beyond a damaged segment: only a directory without any may skip the replay.
  const bool had_snapshots = std::ranges::any_of(names, [](const auto& n) { return n.ends_with(kSnapshotSuffix); });
  Offset recovery_point = options.recovery_point;
  bool clean = options.clean_shutdown;
  const Offset start = options.log_start_checkpoint;

  if (names.contains(kPartitionMetadataName)) {
    auto id = read_partition_metadata(fs, dir);
    if (id)
      out.topic_id = *id;
    else if (id.error().code == Errc::kIo)
      return std::unexpected(id.error());
    else
      logger().warn("Ignoring {}/{}: {}", dir, kPartitionMetadataName, id.error().what);
  }
  if (names.contains(kEpochCheckpointName)) {
    KZ_TRY(const std::string text, fs.read_file(dir + "/" + kEpochCheckpointName));
    if (auto epochs = log_state::EpochCache::parse(text)) {
      out.epochs = std::move(*epochs);
    } else {
      logger().warn("{}/{} is damaged ({} in line {}); every batch is read to find the leader epochs again", dir,
                    kEpochCheckpointName, epochs.error().what, epochs.error().detail);
      clean = false;
      recovery_point = 0;
    }
  }

  // Segments in order; those whose index is missing or wrong are rebuilt even when they lie below the recovery point.
  std::set<Offset> damaged;
  for (const auto& name : names) {
    const auto base = offset_of_file(name);
    if (!base) continue;
    if (name.ends_with(kLogSuffix)) {
      KZ_TRY(auto segment, Segment::open(fs, dir, *base));
      if (auto ok = segment->open_indexes(); !ok) {
        if (ok.error().code != Errc::kNotFound && ok.error().code != Errc::kCorrupt &&
            ok.error().code != Errc::kTruncated)
          return std::unexpected(ok.error());
        if (clean || *base < recovery_point)
          logger().warn("The index of {} is missing or damaged ({}); rebuilding it", segment->file().path(),
                        ok.error().what);
        damaged.insert(*base);
      }
      out.segments.emplace(*base, std::move(segment));
    } else if (name.ends_with(kIndexSuffix) || name.ends_with(kTimeIndexSuffix) || name.ends_with(kTxnIndexSuffix)) {
      if (!names.contains(segment_file_name(*base, kLogSuffix))) {
        logger().warn("Found an orphaned index file {}/{}, with no corresponding log file.", dir, name);
        KZ_CHECK(remove_if_there(fs, dir + "/" + name));
      }
    }
  }

  bool truncated = false;
  bool producers_ready = false;  // producers stand at the end of the segment before
  for (auto it = out.segments.begin(); it != out.segments.end();) {
    const auto next = std::next(it);
    if (truncated) {
      logger().warn("Deleting segment {} behind a truncated one", it->second->file().path());
      KZ_CHECK(remove_segment(fs, dir, *it->second));
      it = out.segments.erase(it);
      continue;
    }
    const bool unflushed = !clean && (next == out.segments.end() || next->first > recovery_point);
    if (!unflushed && !damaged.contains(it->first)) {
      producers_ready = false;
      it = next;
      continue;
    }
    if (unflushed) logger().info("Recovering unflushed segment {} of {}", it->first, partition_directory(tp));
    if (!producers_ready)
      KZ_CHECK(rebuild_producers(fs, dir, out.segments, std::max(start, out.segments.begin()->first), it->first,
                                 options.now_ms, out.producers));
    KZ_TRY(const int64_t cut, recover_segment(*it->second, options, out.epochs, out.producers));
    producers_ready = true;
    truncated = cut > 0 && unflushed;
    if (cut > 0)
      logger().warn("Corruption found in segment {} of {}, truncated to offset {}", it->first, partition_directory(tp),
                    out.producers.end_offset());
    it = next;
  }

  if (!out.segments.empty()) {
    KZ_TRY(out.log_end_offset, out.segments.rbegin()->second->read_next_offset());
    if (out.log_end_offset < start) {
      logger().warn("Deleting all segments of {} because its end {} is smaller than its start {}",
                    partition_directory(tp), out.log_end_offset, start);
      for (const auto& [base, segment] : out.segments) KZ_CHECK(remove_segment(fs, dir, *segment));
      out.segments.clear();
      out.epochs.clear();
    }
  }
  if (out.segments.empty()) {
    KZ_TRY(auto segment, Segment::create(fs, dir, start, options.now_ms, preallocation_of(options.config)));
    out.segments.emplace(start, std::move(segment));
    out.log_end_offset = start;
    out.producers.clear(start);
  }
  out.recovery_point = clean ? out.log_end_offset : std::min(recovery_point, out.log_end_offset);
  out.log_start_offset = std::max(start, out.segments.begin()->first);
  out.epochs.truncate_from_end(out.log_end_offset);
  out.epochs.truncate_from_start(out.log_start_offset);

  // Snapshots that belong to no segment go, but for the newest, which a clean stop wrote at the log end.
  KZ_TRY(auto snapshots, list_snapshots(fs, dir));
  for (size_t i = 0; i + 1 < snapshots.size(); ++i)
    if (!out.segments.contains(snapshots[i])) KZ_CHECK(remove_snapshot(fs, dir, snapshots[i]));
  if (!had_snapshots && clean) {
    // No producer ever wrote here, or an upgrade: Kafka does not read the whole log for that.
    out.producers.clear(out.log_end_offset);
    out.last_snapshot_offset = 0;
  } else {
    KZ_TRY(const Offset used, rebuild_producers(fs, dir, out.segments, out.log_start_offset, out.log_end_offset,
                                                options.now_ms, out.producers));
    out.last_snapshot_offset = used > out.log_start_offset ? used : 0;
  }
  if (!clean && out.log_end_offset > out.last_snapshot_offset && !out.producers.empty()) {
    KZ_CHECK(write_snapshot(fs, dir, out.log_end_offset, out.producers.encode_snapshot(), false));
    out.last_snapshot_offset = out.log_end_offset;
  }
  return out;
}

}  // namespace kz::storage
