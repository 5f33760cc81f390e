#include "storage/zk/data_dir.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "storage/zk/file_names.h"
#include "storage/zk/txn_log_reader.h"

namespace kz::storage::zk {
namespace {

constexpr int kSnapshotsTried = 100;
constexpr const char* kVersionDir = "/version-2";
// Checksums have been verified: whatever was accepted once is read back, whatever jute.maxbuffer says today.
constexpr kz::zk::JuteLimits kAnySize{INT32_MAX, 0};
constexpr const char* kLockFile = "/.kz-lock";
constexpr size_t kRewriteBytes = 256 * 1024;

template <class... A>
std::unexpected<DataDirFailure> failure(const Error& error, fmt::format_string<A...> f, A&&... a) {
  return std::unexpected(DataDirFailure{error, fmt::format(f, std::forward<A>(a)...), false});
}

std::unexpected<DataDirFailure> directory_failure(const Error& error, std::string message) {
  return std::unexpected(DataDirFailure{error, std::move(message), true});
}

// "permission denied", "no space left on device"; with the errno's own text where ours is too general.
std::string reason(const Error& error) {
  if (error.code == Errc::kIo && error.detail != 0) return std::strerror(static_cast<int>(error.detail));
  return errc_text(error.code);
}

// A killed process may have left the tail of its log in the page cache alone. After a sync that failed the kernel takes
// such pages for written: only writing them again brings them to the disk. A file that ends with an entry was closed
// cleanly.
Status make_durable(FileSystem& fs, const std::string& path) {
  KZ_TRY(auto file, fs.open(path, OpenMode::kReadWrite));
  KZ_TRY(const int64_t size, file->size());
  std::vector<std::byte> piece(kRewriteBytes);
  KZ_TRY(const size_t last, file->pread(std::span(piece).first(1), size - 1));
  const bool clean = last == 1 && piece[0] == std::byte{'B'};
  for (int64_t at = 0; !clean && at < size;) {
    KZ_TRY(const size_t n, file->pread(piece, at));
    const Bytes bytes = Bytes(piece).first(n);
    // Behind the entries there is preallocated space alone.
    if (std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; })) break;
    KZ_CHECK(file->pwrite(bytes, at));
    at += static_cast<int64_t>(n);
  }
  KZ_CHECK(file->sync());
  return fs.sync_directory(parent_directory(path));
}

}  // namespace

Status create_directories_durably(FileSystem& fs, const std::string& path) {
  if (path.empty() || fs.exists(path)) return {};
  const std::string parent = parent_directory(path);
  if (parent != path) KZ_CHECK(create_directories_durably(fs, parent));
  KZ_CHECK(fs.create_directories(path));
  return fs.sync_directory(parent);
}

DataDir::DataDir(FileSystem& fs, DataDirOptions options)
    : fs_(fs),
      options_(std::move(options)),
      log_dir_(options_.data_log_dir + kVersionDir),
      snapshot_dir_(options_.data_dir + kVersionDir) {}

DataDirResult<std::unique_ptr<DataDir>> DataDir::open(FileSystem& fs, DataDirOptions options) {
  if (options.data_log_dir.empty()) options.data_log_dir = options.data_dir;
  std::unique_ptr<DataDir> dir(new DataDir(fs, std::move(options)));
  KZ_CHECK(dir->make_directory(dir->log_dir_, "data"));
  KZ_CHECK(dir->make_directory(dir->snapshot_dir_, "snap"));
  auto lock = fs.lock(dir->options_.data_dir + kLockFile);
  if (!lock && lock.error().code == Errc::kLocked)
    return directory_failure(lock.error(),
                             fmt::format("Data directory {} is in use by another server", dir->options_.data_dir));
  if (!lock)
    return directory_failure(
        lock.error(), fmt::format("Cannot write to snap directory {}: {}", dir->snapshot_dir_, reason(lock.error())));
  dir->lock_ = std::move(*lock);
  KZ_CHECK(dir->check_mix_up());
  dir->log_ = std::make_unique<TxnLog>(fs, dir->log_dir_, dir->options_.log);
  return dir;
}

DataDirResult<void> DataDir::make_directory(const std::string& path, const char* what) {
  if (fs_.exists(path)) return {};
  if (!options_.create_directories) {
    return directory_failure(
        {Errc::kNotFound, "data directory", 0},
        fmt::format("Missing {} directory {}, automatic data directory creation is disabled "
                    "(zookeeper.datadir.autocreate is false). Please create this directory manually.",
                    what, path));
  }
  if (const Status made = create_directories_durably(fs_, path); !made)
    return directory_failure(made.error(),
                             fmt::format("Unable to create {} directory {}: {}", what, path, reason(made.error())));
  return {};
}

DataDirResult<void> DataDir::check_mix_up() {
  if (log_dir_ == snapshot_dir_) return {};
  const auto names_with = [this](const std::string& dir, std::string_view prefix) {
    const auto names = fs_.list(dir);
    if (!names) return false;
    return std::any_of(names->begin(), names->end(), [&](const auto& n) { return n.starts_with(prefix); });
  };
  const Error mixed{Errc::kInvalidArgument, "dataLogDir", 0};
  if (names_with(log_dir_, "snapshot."))
    return failure(mixed,
                   "Log directory {} has snapshot files. Check if dataLogDir and dataDir configuration is correct.",
                   log_dir_);
  if (names_with(snapshot_dir_, "log."))
    return failure(mixed,
                   "Snapshot directory {} has log files. Check if dataLogDir and dataDir configuration is correct.",
                   snapshot_dir_);
  return {};
}

DataDirResult<DataDir::Recovery> DataDir::recover(kz::zk::Database& database) {
  Recovery recovery;
  const auto start = std::chrono::steady_clock::now();
  KZ_TRY(const bool found, read_newest_snapshot(database, recovery));
  const auto loaded = std::chrono::steady_clock::now();
  KZ_TRY(const bool initialize, take_initialize_file());
  if (!found) database.tree.set_last_zxid(0);
  KZ_CHECK(replay(database, recovery));
  using std::chrono::duration_cast, std::chrono::milliseconds;
  recovery.snapshot_ms = duration_cast<milliseconds>(loaded - start).count();
  recovery.txns_ms = duration_cast<milliseconds>(std::chrono::steady_clock::now() - loaded).count();
  if (!found && recovery.txns > 0 && !options_.trust_empty_snapshot) {
    return failure(
        {Errc::kCorrupt, "no snapshot", 0},
        "No snapshot found in {}, but there are log entries in {}. Something is broken! Restore the snapshot; "
        "only after an upgrade from 3.4 start once with snapshot.trust.empty=true",
        snapshot_dir_, log_dir_);
  }
  recovery.last_zxid = database.last_zxid();
  if (found) return recovery;
  if (recovery.txns == 0 && !initialize && !options_.create_database) {
    logger_.warn("Unexpected empty data tree, setting zxid to -1");
    recovery.last_zxid = -1;
    return recovery;
  }
  const auto written = write_snapshot(fs_, snapshot_dir_, database.tree, database.sessions, options_.compression);
  if (!written)
    return failure(written.error(), "Cannot write the first snapshot to {}: {}", snapshot_dir_,
                   reason(written.error()));
  logger_.info("Snapshotting: 0x{} to {}", hex(recovery.last_zxid), *written);
  return recovery;
}

DataDirResult<bool> DataDir::take_initialize_file() {
  const std::string path = options_.data_dir + "/initialize";
  if (!fs_.exists(path)) return false;
  KZ_CHECK(remove_file(path));
  logger_.info("Initialize file found, an empty database will not block voting participation");
  return true;
}

DataDirResult<bool> DataDir::read_newest_snapshot(kz::zk::Database& database, Recovery& recovery) {
  if (const auto names = fs_.list(snapshot_dir_)) {
    for (const auto& name : *names) {
      if (name.starts_with("snapshot.") && name.ends_with(".tmp")) KZ_CHECK(remove_file(snapshot_dir_ + "/" + name));
    }
  }
  const auto files = list_by_zxid(fs_, snapshot_dir_, kSnapshotPrefix);
  if (!files)
    return directory_failure(files.error(), fmt::format("Cannot list {}: {}", snapshot_dir_, reason(files.error())));
  int tried = 0;
  unreadable_.clear();
  for (auto it = files->rbegin(); it != files->rend() && tried < kSnapshotsTried; ++it) {
    const std::string path = snapshot_dir_ + "/" + it->name;
    const auto complete = looks_complete(fs_, path);
    unreadable_.insert(it->zxid);
    if (!complete || !*complete) {
      logger_.warn("Invalid snapshot {}: {}", path, complete ? "it has no valid end" : reason(complete.error()));
      continue;
    }
    ++tried;
    logger_.info("Reading snapshot {}", path);
    database.sessions.clear();
    std::optional<kz::zk::SnapshotDigest> tail;
    const Status read = read_snapshot(fs_, path, database.tree, database.sessions, &tail);
    if (read) {
      recovery.snapshot_zxid = it->zxid;
      unreadable_.erase(it->zxid);
      database.loaded(it->zxid, tail);
      return true;
    }
    logger_.warn("Problem reading snapshot {}: {} ({}) at byte {}", path, read.error().what,
                 errc_text(read.error().code), read.error().detail);
  }
  if (tried == 0) return false;
  return failure({Errc::kCorrupt, "snapshots", 0},
                 "Not able to find valid snapshots in {}: all {} tried are damaged. Restore one from a backup or from "
                 "another server",
                 snapshot_dir_, tried);
}

DataDirResult<void> DataDir::replay(kz::zk::Database& database, Recovery& recovery) {
  Zxid last = database.last_zxid();
  std::string last_path;
  auto reader = TxnLogReader::open(fs_, log_dir_, last + 1);
  if (!reader)
    return failure(reader.error(), "Cannot read the transaction logs in {}: {}", log_dir_, reason(reader.error()));
  while (true) {
    auto next = reader->next();
    if (!next) {
      if (next.error().code != Errc::kChecksum)
        return failure(next.error(), "Transaction log {}: {} ({})", reader->path(), next.error().what,
                       reason(next.error()));
      const std::string cut = reader->path() == last_path
                                  ? fmt::format("zkTxnLogToolkit.sh -c -z 0x{0} {1} (put {1}.chopped{2} in its place)",
                                                hex(last), reader->path(), last)
                                  : "move the file and later ones away";
      return failure(
          next.error(),
          "Transaction log {} is damaged at byte {}: wrong checksum after zxid 0x{}. Restore it from a backup, "
          "or give up what follows that zxid: {}",
          reader->path(), next.error().detail, hex(last), cut);
    }
    if (!*next) break;
    const auto& txn = **next;
    const bool same_epoch = (txn.zxid >> 32) == (last >> 32);
    if (txn.zxid <= last) {
      logger_.error("0x{}(highestZxid) >= 0x{}(next log) in {}", hex(last), hex(txn.zxid), reader->path());
    } else if (last > 0 && same_epoch && txn.zxid != last + 1) {
      logger_.error("Transactions 0x{} to 0x{} are missing before byte {} of {}", hex(last + 1), hex(txn.zxid - 1),
                    txn.position, reader->path());
    }
    last = std::max(last, txn.zxid);
    last_path = reader->path();
    unreadable_.erase(txn.zxid);
    if (const Status applied = database.replay(txn.payload, kAnySize); !applied)
      return failure(applied.error(), "Transaction log {}: cannot apply the transaction 0x{} at byte {}: {} ({})",
                     reader->path(), hex(txn.zxid), txn.position, applied.error().what,
                     errc_text(applied.error().code));
    ++recovery.txns;
  }
  // A snapshot of our own names a logged transaction, or the beginning of an epoch. What came from a leader as a
  // snapshot is in no log: an older snapshot and the log would make a tree with a hole in it.
  std::erase_if(unreadable_, [](Zxid zxid) { return (zxid & 0xffffffff) == 0; });
  if (!unreadable_.empty() && recovery.snapshot_zxid >= 0) {
    return failure({Errc::kCorrupt, "snapshots", 0},
                   "Snapshot {}/snapshot.{} cannot be read, and the log does not have what it held. Restore it from a "
                   "backup, or, on a member of an ensemble, move {} away: the leader sends everything again",
                   snapshot_dir_, hex(*unreadable_.rbegin()), snapshot_dir_);
  }
  recovery.txn_bytes = reader->bytes();
  if (database.digest_mismatches > 0)
    logger_.warn("Digests of {} transactions do not match the tree", database.digest_mismatches);
  if (!last_path.empty() && options_.log.force_sync) {
    // From here on its tail counts as history.
    if (const Status done = make_durable(fs_, last_path); !done)
      return failure(done.error(), "Cannot sync {}: {}", last_path, errc_text(done.error().code));
  }
  for (const auto& file : reader->tail().unwritten) {
    logger_.warn("Removing transaction log {}: it has no header, so nothing was ever committed to it", file);
    KZ_CHECK(remove_file(file));
  }
  if (!reader->tail().torn.empty()) return mend(reader->tail().torn, reader->tail().torn_at);
  return {};
}

DataDirResult<void> DataDir::remove_file(const std::string& file) {
  Status done = fs_.remove(file);
  if (done) done = fs_.sync_directory(parent_directory(file));
  if (!done) return failure(done.error(), "Cannot remove {}: {}", file, reason(done.error()));
  return {};
}

// Java opens a file whose last entry is incomplete, but not one whose last entry is complete and wrong.
DataDirResult<void> DataDir::mend(const std::string& file, int64_t position) {
  logger_.warn("Transaction log {} ends in an interrupted write: cut at byte {}", file, position);
  const auto cut = [&]() -> Status {
    KZ_TRY(auto opened, fs_.open(file, OpenMode::kReadWrite));
    KZ_CHECK(opened->truncate(position));
    return opened->sync();
  };
  if (const Status done = cut(); !done) return failure(done.error(), "Cannot cut {}: {}", file, reason(done.error()));
  return {};
}

}  // namespace kz::storage::zk
