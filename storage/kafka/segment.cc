#include "storage/kafka/segment.h"

#include <algorithm>
#include <utility>

#include "core/kafka/record/batch.h"
#include "core/kafka/record/compress.h"
#include "core/kafka/record/legacy.h"
#include "storage/kafka/names.h"

namespace kz::storage {

Segment::Segment(FileSystem& fs, const std::string& dir, Offset base, std::unique_ptr<File> file)
    : fs_(fs),
      dir_(dir),
      base_(base),
      file_(std::move(file)),
      offset_index_(fs, path(kIndexSuffix), base),
      time_index_(fs, path(kTimeIndexSuffix), base),
      txn_index_(fs, path(kTxnIndexSuffix)),
      max_timestamp_{-1, base} {}

std::string Segment::path(std::string_view suffix) const {
  return dir_ + "/" + segment_file_name(base_, suffix) + file_suffix_;
}

Result<std::shared_ptr<Segment>> Segment::create(FileSystem& fs, const std::string& dir, Offset base, int64_t now_ms,
                                                 int64_t preallocate_bytes) {
  const std::string name = dir + "/" + segment_file_name(base, kLogSuffix);
  KZ_TRY(auto file, fs.open(name, OpenMode::kTruncate));
  std::shared_ptr<Segment> s(new Segment(fs, dir, base, std::move(file)));
  s->created_ms_ = now_ms;
  if (preallocate_bytes > 0) {
    KZ_CHECK(s->file_->truncate(preallocate_bytes));
    s->preallocated_ = true;
  }
  KZ_CHECK(s->offset_index_.create(true));
  KZ_CHECK(s->time_index_.create(true));
  KZ_CHECK(s->txn_index_.reset());
  return s;
}

Result<std::shared_ptr<Segment>> Segment::open(FileSystem& fs, const std::string& dir, Offset base) {
  const std::string name = dir + "/" + segment_file_name(base, kLogSuffix);
  KZ_TRY(auto file, fs.open(name, OpenMode::kReadWrite));
  KZ_TRY(const int64_t size, file->size());
  KZ_TRY(const FileInfo info, fs.stat(name));
  std::shared_ptr<Segment> s(new Segment(fs, dir, base, std::move(file)));
  s->size_ = size;
  s->created_ms_ = info.mtime_ms;
  return s;
}

Status Segment::open_indexes() {
  KZ_CHECK(offset_index_.open());
  if (auto ok = time_index_.open(); !ok) {
    if (ok.error().code != Errc::kNotFound) return ok;
    KZ_CHECK(time_index_.create(true));
  }
  KZ_CHECK(txn_index_.open(base_));
  offset_index_.file().drop_memory();  // opened again when somebody looks something up
  time_index_.file().drop_memory();
  std::lock_guard lock(mutex_);
  max_timestamp_ = time_index_.last();
  return {};
}

void Segment::note_append(const BatchInfo& batch) {
  std::lock_guard lock(mutex_);
  recent_[recent_count_++ % kRecent] = batch;
}

Status Segment::append(Bytes records, Offset first, Offset last, int64_t max_timestamp, Offset offset_of_max,
                       int64_t index_interval_bytes) {
  const int64_t position = size();
  if (!fits(last)) return fail(Errc::kOutOfRange, "offset in segment", last);
  KZ_CHECK(file_->pwrite(records, position));
  unsynced_ = true;
  if (position == 0) first_timestamp_ = max_timestamp;
  TimeEntry largest;
  {
    std::lock_guard lock(mutex_);
    if (max_timestamp > max_timestamp_.timestamp) max_timestamp_ = {max_timestamp, offset_of_max};
    largest = max_timestamp_;
  }
  if (bytes_since_index_entry_ > index_interval_bytes) {
    KZ_CHECK(offset_index_.append(last, position));
    KZ_CHECK(time_index_.maybe_append(largest.timestamp, largest.offset));
    bytes_since_index_entry_ = 0;
  }
  bytes_since_index_entry_ += static_cast<int64_t>(records.size());
  // A set of several batches is found by its headers; the ring holds single ones.
  if (kafka::batch_size_at(records) == static_cast<int64_t>(records.size()))
    note_append({position, static_cast<int64_t>(records.size()), first, last, max_timestamp, -1, 2});
  size_.store(position + static_cast<int64_t>(records.size()), std::memory_order_release);
  return {};
}

// The ring answers when it holds the batch before the wanted one too, or the wanted one itself.
std::optional<BatchInfo> Segment::recent(Offset target, int64_t limit) const {
  std::lock_guard lock(mutex_);
  const size_t have = std::min(recent_count_, kRecent);
  for (size_t back = 1; back <= have; ++back) {
    const BatchInfo& b = recent_[(recent_count_ - back) % kRecent];
    if (b.base_offset <= target && target <= b.last_offset && b.position + b.size <= limit) return b;
    if (b.last_offset < target) break;
  }
  return std::nullopt;
}

Result<std::optional<BatchInfo>> Segment::find(Offset target, int64_t limit) {
  if (auto hit = recent(target, limit)) return hit;
  const OffsetPosition start = offset_index_.lookup(target);
  HeaderScan scan(*file_, start.position < limit ? start.position : 0, limit);
  for (;;) {
    KZ_TRY(const auto batch, scan.next());
    if (!batch || batch->last_offset >= target) return batch;
  }
}

Result<OffsetPosition> Segment::last_boundary(int64_t from, int64_t position) {
  const OffsetPosition indexed = offset_index_.lookup_position(position);
  HeaderScan scan(*file_, std::max(from, indexed.position), position);
  OffsetPosition out{-1, from};
  if (indexed.position > from) out.position = indexed.position;
  for (;;) {
    KZ_TRY(const auto batch, scan.next());
    if (!batch) {
      // The batch that did not fit tells where the next reader starts, without another look at the file.
      if (out.offset < 0 && out.position > from) out.offset = scan.last_seen_base();
      return out;
    }
    out = {batch->last_offset + 1, batch->position + batch->size};
  }
}

Result<Chain> Segment::slice(int64_t position, int64_t size) {
  Chain out;
  if (size <= 0) return out;
  if (file_->fd() >= 0) {
    out.append(FileSlice{file_->fd(), position, size, shared_from_this()});
    return out;
  }
  Slice bytes = Slice::allocate(static_cast<size_t>(size));
  KZ_TRY(const size_t got, file_->pread(bytes.mutable_bytes(), position));
  out.append(bytes.sub(0, got));
  return out;
}

Result<Offset> Segment::read_next_offset() {
  // From the last index entry on: what lies behind it is at most an interval and a batch.
  const OffsetPosition start = offset_index_.lookup(offset_index_.last_offset());
  HeaderScan scan(*file_, start.position, size());
  Offset next = base_;
  for (;;) {
    KZ_TRY(const auto batch, scan.next());
    if (!batch) return next;
    next = batch->last_offset + 1;
  }
}

Result<std::optional<TimestampOffset>> Segment::find_by_timestamp(int64_t timestamp, Offset from, int64_t limit) {
  const TimeEntry entry = time_index_.lookup(timestamp);
  const OffsetPosition start = offset_index_.lookup(std::max(entry.offset, from));
  HeaderScan headers(*file_, start.position, limit);
  constexpr size_t kBatchMax = size_t{1} << 30;
  for (;;) {
    KZ_TRY(const auto info, headers.next());
    if (!info) return std::nullopt;
    if (info->last_offset < from || (info->max_timestamp < timestamp)) continue;
    Slice batch = Slice::allocate(static_cast<size_t>(info->size));
    KZ_TRY(const size_t got, file_->pread(batch.mutable_bytes(), info->position));
    if (got != batch.size()) return std::nullopt;
    kafka::Decompressor decompressor;
    std::optional<TimestampOffset> found;
    if (info->magic == 2) {
      KZ_TRY(const Slice body, kafka::uncompressed_body(batch, decompressor, kBatchMax));
      kafka::RecordIterator records(kafka::BatchView(batch.bytes()), body.bytes());
      kafka::RecordView r;
      while (!found && records.next(r))
        if (r.timestamp >= timestamp && r.offset >= from)
          found = TimestampOffset{r.timestamp, r.offset, info->leader_epoch};
    } else {
      KZ_CHECK(kafka::for_each_legacy_record(batch.bytes(), decompressor, kBatchMax, [&](const auto& r) {
        if (r.timestamp >= timestamp && r.offset >= from) found = TimestampOffset{r.timestamp, r.offset, -1};
        return !found;
      }));
    }
    if (found) return found;
  }
}

TimeEntry Segment::max_timestamp() const {
  std::lock_guard lock(mutex_);
  return max_timestamp_;
}

int64_t Segment::largest_timestamp() const {
  if (const TimeEntry t = max_timestamp(); t.timestamp >= 0) return t.timestamp;
  const auto info = fs_.stat(path(kLogSuffix));
  return info ? info->mtime_ms : created_ms_;
}

bool Segment::should_roll(const LogConfig& config, int64_t jitter_ms, size_t incoming_bytes,
                          int64_t incoming_max_timestamp, Offset incoming_last, int64_t now_ms) {
  const int64_t have = size();
  if (have > config.segment_bytes - static_cast<int64_t>(incoming_bytes)) return true;
  if (offset_index_.full(config.segment_index_bytes) || time_index_.full(config.segment_index_bytes)) return true;
  if (!fits(incoming_last)) return true;
  if (have == 0) return false;
  if (!first_timestamp_) {
    HeaderScan scan(*file_, 0, have);
    const auto first = scan.next();
    first_timestamp_ = first && *first ? (*first)->max_timestamp : -1;
  }
  const int64_t waited = *first_timestamp_ >= 0 ? incoming_max_timestamp - *first_timestamp_ : now_ms - created_ms_;
  return waited > config.segment_ms - jitter_ms;
}

Status Segment::seal() {
  const TimeEntry t = max_timestamp();
  KZ_CHECK(time_index_.maybe_append(t.timestamp, t.offset));
  if (std::exchange(preallocated_, false)) KZ_CHECK(file_->truncate(size()));
  KZ_CHECK(offset_index_.file().flush(false));
  KZ_CHECK(time_index_.file().flush(false));
  offset_index_.file().drop_memory();
  time_index_.file().drop_memory();
  return {};
}

Status Segment::sync() {
  if (unsynced_.exchange(false)) {
    if (auto ok = file_->sync(); !ok) {
      unsynced_ = true;
      return ok;
    }
  }
  KZ_CHECK(offset_index_.file().flush(true));
  KZ_CHECK(time_index_.file().flush(true));
  return txn_index_.sync();
}

bool Segment::dirty() const { return unsynced_; }

void Segment::load_max_timestamp() {
  TimeEntry largest = time_index_.last();
  HeaderScan scan(*file_, offset_index_.lookup(largest.offset).position, size());
  while (true) {
    const auto batch = scan.next();
    if (!batch || !*batch) break;
    if ((*batch)->max_timestamp > largest.timestamp) largest = {(*batch)->max_timestamp, (*batch)->last_offset};
  }
  std::lock_guard lock(mutex_);
  max_timestamp_ = largest;
}

Result<int64_t> Segment::truncate_to(Offset offset, int64_t now_ms) {
  KZ_TRY(const auto at, find(offset, size()));
  KZ_CHECK(offset_index_.truncate_to(offset));
  KZ_CHECK(time_index_.truncate_to(offset));
  KZ_CHECK(txn_index_.truncate_to(offset));
  const int64_t before = size();
  if (at) KZ_CHECK(cut_at(at->position));
  if (size() == 0) {
    created_ms_ = now_ms;
    first_timestamp_.reset();
  }
  bytes_since_index_entry_ = 0;
  load_max_timestamp();
  return before - size();
}

Status Segment::cut_at(int64_t size) {
  {
    std::lock_guard lock(mutex_);
    recent_count_ = 0;
  }
  if (size >= size_) return {};
  size_ = size;
  unsynced_ = true;
  return file_->truncate(size);
}

Status Segment::rename_files(std::string_view suffix) {
  for (const auto ext : {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix}) {
    const std::string from = path(ext);
    if (auto ok = fs_.rename(from, from + std::string(suffix)); !ok && ok.error().code != Errc::kNotFound) return ok;
  }
  file_suffix_ += suffix;
  moved(dir_);
  return {};
}

Status Segment::remove_files() {
  for (const auto ext : {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix})
    if (auto ok = fs_.remove(path(ext)); !ok && ok.error().code != Errc::kNotFound) return ok;
  return {};
}

void Segment::moved(const std::string& dir) {
  dir_ = dir;
  offset_index_.file().moved(path(kIndexSuffix));
  time_index_.file().moved(path(kTimeIndexSuffix));
  txn_index_.moved(path(kTxnIndexSuffix));
}

Status Segment::reset_indexes() {
  KZ_CHECK(offset_index_.create(false));
  KZ_CHECK(time_index_.create(false));
  KZ_CHECK(txn_index_.reset());
  bytes_since_index_entry_ = 0;
  std::lock_guard lock(mutex_);
  max_timestamp_ = {-1, base_};
  return {};
}

// One entry per batch that lies an interval behind the last, as LogSegment.recover writes them.
Status Segment::index_batch(const BatchInfo& batch, int64_t index_interval_bytes) {
  TimeEntry largest;
  {
    std::lock_guard lock(mutex_);
    if (batch.max_timestamp > max_timestamp_.timestamp) max_timestamp_ = {batch.max_timestamp, batch.last_offset};
    largest = max_timestamp_;
  }
  if (bytes_since_index_entry_ > index_interval_bytes) {
    KZ_CHECK(offset_index_.append(batch.last_offset, batch.position));
    KZ_CHECK(time_index_.maybe_append(largest.timestamp, largest.offset));
    bytes_since_index_entry_ = 0;
  }
  bytes_since_index_entry_ += batch.size;
  return {};
}

}  // namespace kz::storage
