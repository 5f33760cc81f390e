// IndexFile: the entries of one index, all of one size, ascending. The tail is in memory and written behind; what is in
// the file is read by pread (no mmap per segment: the kernel allows 65,530 maps). Unlike Kafka's the file is never
// preallocated; after a clean shutdown both are trimmed to the same bytes.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/fs.h"

namespace kz::storage {

// Appends, truncation and flush: one thread at a time (the log's writer); floor() and count(): any thread.
class IndexFile {
 public:
  static constexpr size_t kEntryMax = 16;
  // entry_size <= kEntryMax. Touches no file.
  IndexFile(FileSystem& fs, std::string path, size_t entry_size)
      : fs_(fs), path_(std::move(path)), entry_size_(entry_size) {}

  // Takes over the file's entries. kNotFound; kCorrupt: size is no multiple of the entry (detail: size).
  Status open();
  // Creates the file, or empties what is there. fresh: nothing was there, so there is nothing to make durable.
  Status create(bool fresh);

  size_t count() const;
  size_t entry_size() const { return entry_size_; }
  void append(Bytes entry);
  Status read(size_t index, MutableBytes entry) const;
  // The last entry whose key is <= target, or -1. Key: int64_t (*)(const std::byte*), ascending over the entries.
  // Falls back to -1 (the caller scans from the start) when the file cannot be read.
  using Key = int64_t (*)(const std::byte*);
  int64_t floor(Key key, int64_t target, MutableBytes entry) const;
  Status truncate(size_t count);

  bool dirty() const;            // something not synced
  Status write_behind();         // the tail goes to the file when it is long enough
  Status flush(bool sync);       // the whole tail goes to the file
  void drop_memory();            // flushed and closed: the next read opens the file again
  void moved(std::string path);  // the file was renamed
  const std::string& path() const { return path_; }

 private:
  static constexpr size_t kBlockBytes = 4096;
  Status flush_locked(bool sync);
  Result<File*> file() const;
  int64_t floor_in_block(Key key, int64_t target, MutableBytes entry) const;  // under mutex_

  FileSystem& fs_;
  std::string path_;
  const size_t entry_size_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<File> file_;  // opened when needed
  size_t in_file_ = 0;                  // entries before the tail
  std::vector<std::byte> tail_;
  bool unsynced_ = false;
  // The block of the file that the last lookup ended in: sequential readers stay there.
  mutable std::vector<std::byte> block_;
  mutable size_t block_first_ = 0;  // index of its first entry
};

}  // namespace kz::storage
