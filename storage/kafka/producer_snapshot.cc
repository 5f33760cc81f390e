#include "storage/kafka/producer_snapshot.h"

#include <algorithm>

#include "core/base/log.h"
#include "core/kafka/record/batch.h"
#include "storage/kafka/names.h"

namespace kz::storage {

namespace {

std::string path_of(const std::string& dir, Offset offset) {
  return dir + "/" + segment_file_name(offset, kSnapshotSuffix);
}

const log::Logger& logger() {
  static const log::Logger instance("kafka.log.ProducerStateManager");
  return instance;
}

}  // namespace

Result<std::vector<Offset>> list_snapshots(FileSystem& fs, const std::string& dir) {
  KZ_TRY(const auto names, fs.list(dir));
  std::vector<Offset> out;
  for (const auto& name : names)
    if (name.ends_with(kSnapshotSuffix))
      if (const auto offset = offset_of_file(name)) out.push_back(*offset);
  std::sort(out.begin(), out.end());
  return out;
}

Status write_snapshot(FileSystem& fs, const std::string& dir, Offset offset, std::string_view bytes, bool sync) {
  KZ_TRY(auto file, fs.open(path_of(dir, offset), OpenMode::kTruncate));
  KZ_CHECK(file->pwrite(as_bytes(bytes), 0));
  return sync ? file->sync() : Status{};
}

Status remove_snapshot(FileSystem& fs, const std::string& dir, Offset offset) {
  auto ok = fs.remove(path_of(dir, offset));
  return !ok && ok.error().code == Errc::kNotFound ? Status{} : ok;
}

Result<std::optional<AbortedEntry>> replay_batch(const BatchInfo& info, Bytes batch,
                                                 log_state::ProducerStateTable& table) {
  std::optional<AbortedEntry> aborted;
  if (info.magic == 2 && kafka::BatchView(batch).has_producer_id()) {
    KZ_TRY(const auto producer, log_state::producer_batch_info(batch));
    if (const auto ended = table.apply(producer)) {
      if (ended->aborted)
        aborted =
            AbortedEntry{ended->producer_id, ended->first_offset, ended->last_offset, table.last_stable_offset(*ended)};
      table.complete(*ended);
    }
  }
  table.set_end_offset(info.last_offset + 1);
  return aborted;
}

Result<Offset> rebuild_producers(FileSystem& fs, const std::string& dir, const SegmentMap& segments, Offset log_start,
                                 Offset end, int64_t now_ms, log_state::ProducerStateTable& table) {
  KZ_TRY(auto snapshots, list_snapshots(fs, dir));
  Offset used = -1;
  for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it) {
    if (*it > end || *it <= log_start) {
      KZ_CHECK(remove_snapshot(fs, dir, *it));
      continue;
    }
    if (used >= 0) continue;
    KZ_TRY(const std::string bytes, fs.read_file(path_of(dir, *it)));
    if (auto ok = table.load_snapshot(bytes, *it, now_ms); !ok) {
      logger().warn("Failed to load producer snapshot from '{}': {}", path_of(dir, *it), errc_text(ok.error().code));
      KZ_CHECK(remove_snapshot(fs, dir, *it));
      continue;
    }
    used = *it;
  }
  if (used < 0) table.clear(log_start);
  // Batches behind the snapshot, segment by segment. A batch that spans `end` does not count.
  for (auto it = segments.begin(); it != segments.end() && it->first < end; ++it) {
    const auto next = std::next(it);
    if (next != segments.end() && next->first <= table.end_offset()) continue;
    Segment& segment = *it->second;
    KZ_TRY(const auto first, segment.find(table.end_offset(), segment.size()));
    if (!first) continue;
    BatchScan scan(segment.file(), first->position, segment.size());
    for (;;) {
      KZ_TRY(const auto batch, scan.next(false));
      if (!batch || batch->info.last_offset >= end) break;
      if (auto ok = replay_batch(batch->info, batch->bytes, table); !ok)
        logger().warn("Ignoring a control batch at offset {} of {}: {}", batch->info.base_offset, dir, ok.error().what);
    }
  }
  table.set_end_offset(end);
  return used < 0 ? log_start : used;
}

}  // namespace kz::storage
