// DataDir: <dataDir>/version-2 and <dataLogDir>/version-2 of one server: checks, lock, recovery, snapshots.
// Recovery: the newest snapshot that reads well, then every logged transaction after it. What an interrupted write left
// behind (empty or short-headed logs, a torn last entry) is mended with a warning; corruption is refused by name.
// Source: FileTxnSnapLog, FileSnap.deserialize, FileTxnLog @ 3.8.0.
#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/base/log.h"
#include "core/zk/database.h"
#include "storage/fs.h"
#include "storage/zk/snapshot.h"
#include "storage/zk/txn_log.h"

namespace kz::storage::zk {

struct DataDirOptions {
  std::string data_dir;               // without version-2
  std::string data_log_dir;           // the same when not separate
  bool create_directories = true;     // datadir.autocreate
  bool create_database = true;        // db.autocreate
  bool trust_empty_snapshot = false;  // snapshot.trust.empty
  Compression compression = Compression::kNone;
  TxnLogOptions log;
};

// For the operator: one line that names the file, what is wrong and what to do.
struct DataDirFailure {
  Error error;
  std::string message;
  bool directory = false;  // exit status 3 (unable to access the directories) instead of 1
};
template <class T>
using DataDirResult = std::expected<T, DataDirFailure>;

// Not thread-safe; log() goes to whichever thread syncs.
class DataDir {
 public:
  // Directories exist, are not mixed up and are locked against another kz.
  static DataDirResult<std::unique_ptr<DataDir>> open(FileSystem& fs, DataDirOptions options);

  struct Recovery {
    Zxid snapshot_zxid = -1;  // -1: there was none
    Zxid last_zxid = 0;       // -1: an empty database that must not vote (db.autocreate=false)
    int64_t txns = 0;
    int64_t txn_bytes = 0;                 // towards the next snapshot
    int64_t snapshot_ms = 0, txns_ms = 0;  // how long reading took
  };
  // Into an empty database. Mends the tail, removes unfinished snapshots, writes snapshot.0 for an empty server.
  DataDirResult<Recovery> recover(kz::zk::Database& database);

  TxnLog& log() { return *log_; }
  FileSystem& fs() { return fs_; }
  const std::string& log_dir() const { return log_dir_; }            // with version-2
  const std::string& snapshot_dir() const { return snapshot_dir_; }  // with version-2
  const DataDirOptions& options() const { return options_; }

 private:
  DataDir(FileSystem& fs, DataDirOptions options);
  DataDirResult<void> make_directory(const std::string& path, const char* what);
  DataDirResult<void> check_mix_up();
  DataDirResult<bool> read_newest_snapshot(kz::zk::Database& database, Recovery& recovery);
  DataDirResult<void> replay(kz::zk::Database& database, Recovery& recovery);
  DataDirResult<void> mend(const std::string& file, int64_t position);
  DataDirResult<void> remove_file(const std::string& file);
  DataDirResult<bool> take_initialize_file();

  FileSystem& fs_;
  DataDirOptions options_;
  std::string log_dir_;
  std::string snapshot_dir_;
  std::set<Zxid> unreadable_;  // snapshots passed over: the log must have what they held
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<TxnLog> log_;
  log::Logger logger_{"FileTxnSnapLog"};
};

// mkdir -p whose every new name is durable.
Status create_directories_durably(FileSystem& fs, const std::string& path);

}  // namespace kz::storage::zk
