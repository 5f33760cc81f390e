#include "storage/zk/txn_log.h"

#include "core/bytes/checksum.h"
#include "core/zk/txn.h"
#include "storage/zk/file_names.h"
#include "storage/zk/txn_log_reader.h"

namespace kz::storage::zk {
namespace {

// FilePadding extends when fewer bytes than this are left.
constexpr int64_t kPaddingReserve = 4096;

}  // namespace

Status TxnLog::append(std::span<const LogRecord> batch) {
  if (failed_) return fail(Errc::kIo, "transaction log failed before");
  if (batch.empty()) return {};
  failed_ = true;
  KZ_CHECK(append_to_file(batch.front().zxid));
  for (const auto& record : batch) {
    buffer_.u64(adler32(record.payload));
    buffer_.i32(static_cast<int32_t>(record.payload.size()));
    buffer_.raw(record.payload);
    buffer_.u8('B');
  }
  const int64_t end = position_ + std::ssize(buffer_.bytes());
  if (options_.preallocate_bytes > 0 && end + kPaddingReserve >= size_) {
    size_ += options_.preallocate_bytes;
    if (end >= size_) size_ = (end / options_.preallocate_bytes + 1) * options_.preallocate_bytes;
    KZ_CHECK(file_->truncate(size_));
  }
  dirty_ = true;
  KZ_CHECK(file_->pwrite(buffer_.bytes(), position_));
  position_ = end;
  buffer_.clear();
  failed_ = false;
  return {};
}

Status TxnLog::append_to_file(Zxid first) {
  if (file_ && options_.size_limit_bytes > 0 && position_ > options_.size_limit_bytes) roll_ = true;
  if (file_ && roll_) {
    KZ_CHECK(sync_file());
    file_.reset();
  }
  roll_ = false;
  return file_ ? Status{} : open_file(first);
}

Status TxnLog::open_file(Zxid first) {
  const std::string path = dir_ + "/" + log_name(first);
  // A file of that name holds nothing that was acknowledged. Its bytes must not show through below the new ones, so it
  // is replaced and not overwritten.
  if (fs_.exists(path)) KZ_CHECK(fs_.remove(path));
  KZ_TRY(file_, fs_.open(path, OpenMode::kCreateNew));
  new_name_ = true;
  buffer_.i32(kz::zk::kTxnLogMagic);
  buffer_.i32(2);
  buffer_.i64(0);
  position_ = 0;
  size_ = kLogHeaderSize;
  return {};
}

Status TxnLog::sync_file() {
  if (!dirty_) return {};
  if (options_.force_sync) {
    KZ_CHECK(file_->sync());
    if (new_name_) KZ_CHECK(fs_.sync_directory(dir_));
  }
  new_name_ = dirty_ = false;
  return {};
}

Status TxnLog::sync() {
  if (failed_) return fail(Errc::kIo, "transaction log failed before");
  const Status done = file_ ? sync_file() : Status{};
  failed_ = !done;
  return done;
}

Status TxnLog::close() {
  if (failed_ || !file_) return {};
  KZ_CHECK(sync());
  if (size_ > position_) KZ_CHECK(file_->truncate(position_));
  file_.reset();
  return {};
}

Status truncate_logs(FileSystem& fs, const std::string& dir, Zxid zxid) {
  KZ_TRY(const auto all, list_by_zxid(fs, dir, kLogPrefix));
  if (all.empty()) return fail(Errc::kNotFound, "no log files to truncate");
  for (auto it = all.rbegin(); it != all.rend() && it->zxid > zxid; ++it) KZ_CHECK(fs.remove(dir + "/" + it->name));
  const auto logs = logs_from(all, zxid);
  if (!logs.empty() && logs.front().zxid <= zxid) {
    const std::string path = dir + "/" + logs.front().name;
    KZ_TRY(auto reader, LogFileReader::open(fs, path));
    while (true) {
      KZ_TRY(const auto entry, reader.next());
      if (entry.kind == LogEntry::Kind::kBadChecksum || entry.kind == LogEntry::Kind::kSectorsLost)
        return fail(Errc::kChecksum, "transaction log", entry.position);
      if (entry.kind == LogEntry::Kind::kTxn && entry.zxid() <= zxid) continue;
      KZ_TRY(auto file, fs.open(path, OpenMode::kReadWrite));
      KZ_CHECK(file->truncate(entry.position));
      KZ_CHECK(file->sync());
      break;
    }
  }
  return fs.sync_directory(dir);
}

}  // namespace kz::storage::zk
