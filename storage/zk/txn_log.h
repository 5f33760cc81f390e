// TxnLog: writing transaction logs. Entries go to log.<zxid of the first>; files are extended sparsely, so that a sync
// writes no file size (storage/zk/txn_log_reader.h has the byte grammar).
// Source: FileTxnLog, FilePadding @ 3.8.0.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "core/bytes/writer.h"
#include "storage/fs.h"

namespace kz::storage::zk {

struct TxnLogOptions {
  int64_t preallocate_bytes = 64 << 20;  // preAllocSize; 0 = never
  int64_t size_limit_bytes = 0;          // txnLogSizeLimitInKb: roll when a file is larger; 0 = never
  bool force_sync = true;                // forceSync=no: leave it to the operating system
};

struct LogRecord {
  Zxid zxid = 0;
  Slice payload;  // TxnHeader, body, digest
};

// Used by one thread at a time. After a failure every call fails: what the file holds is then unknown.
class TxnLog {
 public:
  TxnLog(FileSystem& fs, std::string dir, TxnLogOptions options) : fs_(fs), dir_(std::move(dir)), options_(options) {}

  // Writes the batch; durable after sync(). Zxids ascend.
  Status append(std::span<const LogRecord> batch);
  // Everything appended so far is durable when it returns.
  Status sync();
  // The next append starts a new file.
  void roll() { roll_ = true; }
  // Cuts the file to its entries (drops the preallocation) and closes it.
  Status close();

  int64_t file_bytes() const { return position_; }  // entries of the current file
  bool failed() const { return failed_; }

 private:
  Status open_file(Zxid first);
  Status append_to_file(Zxid first);
  Status sync_file();

  FileSystem& fs_;
  std::string dir_;
  TxnLogOptions options_;
  std::unique_ptr<File> file_;
  int64_t position_ = 0;
  int64_t size_ = 0;  // with preallocation
  bool dirty_ = false;
  bool new_name_ = false;  // the directory has to be synced too
  bool roll_ = false;
  bool failed_ = false;
  Buffer buffer_;
};

// Drops every transaction after `zxid` (learners, on TRUNC). kNotFound: no log file at all.
Status truncate_logs(FileSystem& fs, const std::string& dir, Zxid zxid);

}  // namespace kz::storage::zk
