// Reading transaction logs.
//   file  := FileHeader entry* padding        FileHeader := int "ZKLG", int version 2, long dbid
//   entry := long adler32(payload), int length, payload, 'B'
// A file ends at a zero length (preallocation), inside an entry, or at a missing 'B'; reading then goes on with the
// next file. A wrong checksum is corruption, unless the entry lies in the last file and whole sectors of it read as
// zeros: that is a write which power loss interrupted before it was acknowledged. Source: FileTxnLog.FileTxnIterator
// @ 3.8.0, which refuses empty, short-headed and sector-torn last files; we do not.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "storage/fs.h"
#include "storage/zk/file_names.h"

namespace kz::storage::zk {

inline constexpr int64_t kLogHeaderSize = 16;
inline constexpr int64_t kEntryOverhead = 13;  // checksum, length, 'B'

struct LogEntry {
  enum class Kind : uint8_t {
    kTxn,
    kEnd,          // end of file or a zero length
    kTorn,         // incomplete
    kSectorsLost,  // complete and wrong, and whole sectors of it are zeros
    kBadChecksum,  // complete and wrong
  };
  Kind kind = Kind::kEnd;
  int64_t position = 0;   // of the entry
  uint64_t checksum = 0;  // as stored
  Slice payload;          // kTxn, kSectorsLost, kBadChecksum
  Zxid zxid() const;      // from the payload; kTxn only
};

// One file. Not thread-safe.
class LogFileReader {
 public:
  enum class Header : uint8_t { kValid, kUnwritten /* nothing, a part of it, or zeros */ };
  // kCorrupt: not a transaction log. kUnsupportedVersion: another format version.
  static Result<LogFileReader> open(FileSystem& fs, const std::string& path);

  Header header() const { return header_; }
  int64_t dbid() const { return dbid_; }
  const std::string& path() const { return path_; }
  // The next entry; after kEnd or kTorn the same again. Entries with a wrong checksum may be read past.
  Result<LogEntry> next();
  int64_t position() const { return position_; }  // of the next entry

 private:
  LogFileReader(std::unique_ptr<File> file, std::string path, int64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  Result<Slice> bytes(int64_t position, int64_t count);

  std::unique_ptr<File> file_;
  std::string path_;
  int64_t size_;
  int64_t position_ = kLogHeaderSize;
  int64_t dbid_ = 0;
  Header header_ = Header::kUnwritten;
  Slice window_;
  int64_t window_at_ = 0;
};

// All files of a directory, from a transaction on. Not thread-safe.
class TxnLogReader {
 public:
  // Positions at the first transaction with zxid >= from.
  static Result<TxnLogReader> open(FileSystem& fs, const std::string& dir, Zxid from);

  struct Txn {
    Zxid zxid = 0;
    Slice payload;
    int64_t position = 0;
  };
  // nullopt at the end of the last file. kChecksum: detail is the position in path().
  Result<std::optional<Txn>> next();
  const std::string& path() const { return path_; }  // of the last entry read, or of the failure

  // What recovery has to mend before new files follow. Complete once next() gave nullopt.
  struct Tail {
    std::vector<std::string> unwritten;  // files without a header: they hold nothing and Java refuses them
    std::string torn;                    // the last file, if it ends in an incomplete entry
    int64_t torn_at = 0;
  };
  const Tail& tail() const { return tail_; }
  int64_t bytes() const { return bytes_; }  // payload bytes given out

 private:
  TxnLogReader(FileSystem& fs, std::string dir, Zxid from) : fs_(&fs), dir_(std::move(dir)), from_(from) {}

  FileSystem* fs_;
  std::string dir_;
  Zxid from_;
  std::vector<std::string> files_;  // with a header, ascending
  size_t next_file_ = 0;
  std::optional<LogFileReader> current_;
  std::string path_;
  Tail tail_;
  int64_t bytes_ = 0;
};

}  // namespace kz::storage::zk
