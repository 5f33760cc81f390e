#include "storage/zk/txn_log_reader.h"

#include <algorithm>

#include "core/bytes/checksum.h"
#include "core/bytes/reader.h"
#include "core/zk/txn.h"

namespace kz::storage::zk {
namespace {

constexpr int64_t kWindow = 1 << 18;
constexpr int64_t kSector = 512;
constexpr std::byte kTrailer{0x42};

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// Whether some sector's share of the entry reads as zeros. Shares of up to 4 bytes say nothing: the upper half of the
// checksum is always zero.
bool misses_sectors(Bytes entry, int64_t position) {
  for (int64_t at = 0; at < std::ssize(entry);) {
    const int64_t count = std::min(kSector - (position + at) % kSector, std::ssize(entry) - at);
    if (count > 4 && all_zero(entry.subspan(static_cast<size_t>(at), static_cast<size_t>(count)))) return true;
    at += count;
  }
  return false;
}

// Whether the bytes are what a power loss leaves of the header: the first part of it, then zeros or nothing.
bool unwritten_header(Bytes got) {
  Buffer whole;
  whole.i32(kz::zk::kTxnLogMagic);
  whole.i32(2);
  whole.i64(0);
  size_t same = 0;
  while (same < got.size() && got[same] == whole.bytes()[same]) ++same;
  if (same == static_cast<size_t>(kLogHeaderSize)) return false;
  return all_zero(got.subspan(same));
}

}  // namespace

Zxid LogEntry::zxid() const {
  Reader r(payload);
  r.skip(12);  // client id, cxid
  return r.i64();
}

Result<LogFileReader> LogFileReader::open(FileSystem& fs, const std::string& path) {
  KZ_TRY(auto file, fs.open(path, OpenMode::kRead));
  KZ_TRY(const int64_t size, file->size());
  LogFileReader reader(std::move(file), path, size);
  KZ_TRY(const Slice head, reader.bytes(0, std::min(size, kLogHeaderSize)));
  if (unwritten_header(head)) return reader;
  Reader r(head);
  const int32_t magic = r.i32();
  const int32_t version = r.i32();
  reader.dbid_ = r.i64();
  if (!r.ok() || magic != kz::zk::kTxnLogMagic) return fail(Errc::kCorrupt, "transaction log: invalid magic number", 0);
  if (version != 2) return fail(Errc::kUnsupportedVersion, "transaction log: format version", version);
  reader.header_ = Header::kValid;
  return reader;
}

Result<Slice> LogFileReader::bytes(int64_t position, int64_t count) {
  if (position < window_at_ || position + count > window_at_ + std::ssize(window_.bytes())) {
    const int64_t want = std::min(std::max(count, kWindow), size_ - position);
    Slice fresh = Slice::allocate(static_cast<size_t>(want));
    KZ_TRY(const size_t got, file_->pread(fresh.mutable_bytes(), position));
    window_ = fresh.sub(0, got);
    window_at_ = position;
    if (std::ssize(window_.bytes()) < count) return fail(Errc::kTruncated, "transaction log shrank", position);
  }
  return window_.sub(static_cast<size_t>(position - window_at_), static_cast<size_t>(count));
}

Result<LogEntry> LogFileReader::next() {
  LogEntry entry;
  entry.position = position_;
  if (header_ != Header::kValid || position_ >= size_) return entry;
  entry.kind = LogEntry::Kind::kTorn;
  if (size_ - position_ < 12) {
    KZ_TRY(const Slice rest, bytes(position_, size_ - position_));
    if (all_zero(rest)) entry.kind = LogEntry::Kind::kEnd;
    return entry;
  }
  KZ_TRY(const Slice head, bytes(position_, 12));
  Reader r(head);
  entry.checksum = r.u64();
  const int32_t length = r.i32();
  if (length == 0) {
    // A checksum without a length is an entry whose later sectors are missing.
    if (entry.checksum == 0) entry.kind = LogEntry::Kind::kEnd;
    return entry;
  }
  if (length < 0 || length > size_ - position_ - kEntryOverhead) return entry;
  KZ_TRY(const Slice whole, bytes(position_, length + kEntryOverhead));
  if (whole.bytes().back() != kTrailer) return entry;
  entry.payload = whole.sub(12, static_cast<size_t>(length));
  // A payload shorter than a transaction header cannot be a transaction, whatever its checksum.
  if (adler32(entry.payload) == entry.checksum && length >= 32) {
    entry.kind = LogEntry::Kind::kTxn;
  } else {
    entry.kind = misses_sectors(whole, position_) ? LogEntry::Kind::kSectorsLost : LogEntry::Kind::kBadChecksum;
  }
  position_ += length + kEntryOverhead;
  return entry;
}

Result<TxnLogReader> TxnLogReader::open(FileSystem& fs, const std::string& dir, Zxid from) {
  TxnLogReader reader(fs, dir, from);
  KZ_TRY(auto logs, list_by_zxid(fs, dir, kLogPrefix));
  std::vector<NamedFile> written;
  for (auto& log : logs) {
    reader.path_ = dir + "/" + log.name;
    // Only names at the end of the list can be unwritten, but a stray empty file anywhere holds nothing either.
    KZ_TRY(const FileInfo info, fs.stat(reader.path_));
    if (info.size < kLogHeaderSize || &log == &logs.back()) {
      KZ_TRY(auto file, LogFileReader::open(fs, reader.path_));
      if (file.header() == LogFileReader::Header::kUnwritten) {
        reader.tail_.unwritten.push_back(reader.path_);
        continue;
      }
    }
    written.push_back(std::move(log));
  }
  for (auto& log : logs_from(std::move(written), from)) reader.files_.push_back(dir + "/" + log.name);
  return reader;
}

Result<std::optional<TxnLogReader::Txn>> TxnLogReader::next() {
  while (true) {
    if (!current_) {
      if (next_file_ == files_.size()) return std::nullopt;
      path_ = files_[next_file_++];
      KZ_TRY(current_, LogFileReader::open(*fs_, path_));
    }
    KZ_TRY(LogEntry entry, current_->next());
    const bool last_file = next_file_ == files_.size();
    switch (entry.kind) {
      case LogEntry::Kind::kTxn: {
        const Zxid zxid = entry.zxid();
        if (zxid < from_) continue;
        bytes_ += std::ssize(entry.payload.bytes());
        return Txn{zxid, std::move(entry.payload), entry.position};
      }
      case LogEntry::Kind::kBadChecksum:
        return fail(Errc::kChecksum, "transaction log entry", entry.position);
      case LogEntry::Kind::kSectorsLost:
        if (!last_file) return fail(Errc::kChecksum, "transaction log entry", entry.position);
        [[fallthrough]];
      case LogEntry::Kind::kTorn:
        if (last_file) {
          tail_.torn = path_;
          tail_.torn_at = entry.position;
        }
        [[fallthrough]];
      case LogEntry::Kind::kEnd:
        current_.reset();
    }
  }
}

}  // namespace kz::storage::zk
