// File and FileSystem: the only way in which the program opens, writes, syncs and renames files. posix_fs.cc is the
// real one; tests/sim/lib/sim_disk.h loses unsynced writes, tears, fills up and fails on demand.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/bytes/slab.h"

namespace kz::storage {

// An open file. Reads may run from several threads; writes and truncate from one at a time.
class File {
 public:
  virtual ~File() = default;
  // Bytes read; fewer than asked only at the end of the file.
  virtual Result<size_t> pread(MutableBytes into, int64_t position) = 0;
  // Whole or error; after an error the file's tail is unknown. kDiskFull for ENOSPC and EDQUOT. detail: errno.
  virtual Status pwritev(std::span<const Bytes> pieces, int64_t position) = 0;
  Status pwrite(Bytes bytes, int64_t position) { return pwritev(std::span(&bytes, 1), position); }
  virtual Status sync() = 0;  // fdatasync: data and size are durable when it returns
  virtual Status truncate(int64_t size) = 0;
  virtual Result<int64_t> size() = 0;
  virtual int fd() const = 0;  // for FileSlice; -1 where there is none (then callers read into memory)
  virtual const std::string& path() const = 0;
};

// An advisory lock (flock), held until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct FileInfo {
  int64_t size = 0;
  int64_t mtime_ms = 0;
  bool directory = false;
};

enum class OpenMode : uint8_t {
  kRead,
  kReadWrite,
  kCreate /* create if absent */,
  kCreateNew,
  kTruncate /* create or empty */
};

// Thread-safe. Paths are absolute or relative to the working directory.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  virtual Status remove_tree(const std::string& path) = 0;
  virtual Status create_directories(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
  virtual Result<FileInfo> stat(const std::string& path) = 0;                       // kNotFound
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, unsorted, no . and ..
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;      // kLocked when held elsewhere
  virtual Result<std::pair<int64_t, int64_t>> space(const std::string& path) = 0;   // total, usable bytes

  // Built on the above.
  bool exists(const std::string& path) { return stat(path).has_value(); }
  Result<std::string> read_file(const std::string& path);
  // tmp file, sync, rename; the directory is synced too unless the caller batches that.
  Status write_atomically(const std::string& path, std::string_view contents, bool sync_dir = true);
};

FileSystem& posix_fs();

// The part before the last slash: "." when there is none, "/" for names in the root.
std::string parent_directory(const std::string& path);

}  // namespace kz::storage
