// One segment of a log: the batches from a base offset on, in one file, with its three indexes.
// Source: LogSegment.scala @ 3.4.0.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/ports_log.h"
#include "storage/kafka/batch_scan.h"
#include "storage/kafka/offset_index.h"
#include "storage/kafka/time_index.h"
#include "storage/kafka/txn_index.h"

namespace kz::storage {

// The length that `preallocate` gives a new segment's file; 0 = none.
inline int64_t preallocation_of(const LogConfig& config) { return config.preallocate ? config.segment_bytes : 0; }

// Writing (append, truncate, recovery, renaming): one thread at a time, the log's writer. Reading: any thread. A
// FileSlice keeps the segment, and so the open file, alive when it is deleted or renamed.
class Segment : public std::enable_shared_from_this<Segment> {
 public:
  // New and empty; files that are in the way are removed first. preallocate_bytes: the file's length from the start,
  // cut back when the segment is sealed; 0 = as long as what is in it.
  static Result<std::shared_ptr<Segment>> create(FileSystem& fs, const std::string& dir, Offset base, int64_t now_ms,
                                                 int64_t preallocate_bytes = 0);
  // An existing .log file; open_indexes() or rebuild comes next.
  static Result<std::shared_ptr<Segment>> open(FileSystem& fs, const std::string& dir, Offset base);
  // Takes the index files as they are. kNotFound: no offset index; kCorrupt. A missing time index starts empty.
  Status open_indexes();

  Offset base() const { return base_; }
  int64_t size() const { return size_.load(std::memory_order_acquire); }
  File& file() { return *file_; }

  // Batches with offsets given. `first`/`last`: of the whole set; max_timestamp at offset_of_max.
  Status append(Bytes records, Offset first, Offset last, int64_t max_timestamp, Offset offset_of_max,
                int64_t index_interval_bytes);

  // The first batch in [.., limit) whose last offset is >= target; nullopt when there is none.
  Result<std::optional<BatchInfo>> find(Offset target, int64_t limit);
  // End of the last whole batch that ends at or before `position`, searching from `from` (a batch boundary), with the
  // offset that follows it (-1 when that is not known). `from` itself and -1 when not one batch fits.
  Result<OffsetPosition> last_boundary(int64_t from, int64_t position);
  // Bytes [position, position + size) of the file.
  Result<Chain> slice(int64_t position, int64_t size);
  // The offset after the last whole batch; base when empty.
  Result<Offset> read_next_offset();
  // First record with timestamp and offset at or above the given ones.
  Result<std::optional<TimestampOffset>> find_by_timestamp(int64_t timestamp, Offset from, int64_t limit);

  // Largest timestamp and the offset that has it, as far as known; -1 and base.
  TimeEntry max_timestamp() const;
  // For retention: the largest timestamp, or the file's modification time when there is none.
  int64_t largest_timestamp() const;
  bool should_roll(const LogConfig& config, int64_t jitter_ms, size_t incoming_bytes, int64_t incoming_max_timestamp,
                   Offset incoming_last, int64_t now_ms);
  bool fits(Offset offset) const { return offset >= base_ && offset - base_ <= INT32_MAX; }

  // The segment is no longer written: the largest timestamp goes to the time index, indexes leave memory.
  Status seal();
  // Everything to the disk.
  Status sync();
  bool dirty() const;
  // Batches with an offset >= the given one go. Bytes removed.
  Result<int64_t> truncate_to(Offset offset, int64_t now_ms);
  // Renames its files by adding a suffix, or removes them.
  Status rename_files(std::string_view suffix);
  Status remove_files();
  // The directory was renamed.
  void moved(const std::string& dir);

  OffsetIndex& offset_index() { return offset_index_; }
  TimeIndex& time_index() { return time_index_; }
  TxnIndex& txn_index() { return txn_index_; }
  // For recovery, which rebuilds the indexes batch by batch.
  Status reset_indexes();
  Status index_batch(const BatchInfo& batch, int64_t index_interval_bytes);
  Status cut_at(int64_t size);

 private:
  Segment(FileSystem& fs, const std::string& dir, Offset base, std::unique_ptr<File> file);
  std::string path(std::string_view suffix) const;
  void note_append(const BatchInfo& batch);
  std::optional<BatchInfo> recent(Offset target, int64_t limit) const;
  void load_max_timestamp();

  FileSystem& fs_;
  std::string dir_;
  std::string file_suffix_;  // ".deleted" once renamed
  const Offset base_;
  std::unique_ptr<File> file_;
  OffsetIndex offset_index_;
  TimeIndex time_index_;
  TxnIndex txn_index_;
  std::atomic<int64_t> size_{0};
  std::atomic<bool> unsynced_{false};
  bool preallocated_ = false;
  int64_t created_ms_ = 0;
  int64_t bytes_since_index_entry_ = 0;
  std::optional<int64_t> first_timestamp_;  // of the first batch, for rolling by time

  static constexpr size_t kRecent = 64;
  mutable std::mutex mutex_;  // what follows
  TimeEntry max_timestamp_;
  std::array<BatchInfo, kRecent> recent_;  // a ring: tail readers need no index
  size_t recent_count_ = 0;
};

}  // namespace kz::storage
