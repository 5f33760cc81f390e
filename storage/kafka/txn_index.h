// TxnIndex (%020d.txnindex): the aborted transactions whose markers are in a segment; no file until there is one.
// Source: TransactionIndex.scala @ 3.4.0. Entry of 34 bytes: int16 version 0, int64 producerId, int64 firstOffset,
// int64 lastOffset, int64 lastStableOffset.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/ids.h"
#include "storage/fs.h"

namespace kz::storage {

struct AbortedEntry {
  int64_t producer_id = -1;
  Offset first_offset = 0;
  Offset last_offset = 0;  // of the marker
  Offset last_stable_offset = 0;
  friend bool operator==(const AbortedEntry&, const AbortedEntry&) = default;
};

// Entries are few: all are in memory. Thread-safe.
class TxnIndex {
 public:
  static constexpr size_t kEntrySize = 34;
  TxnIndex(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  // Reads what is there; no file is no entry. kCorrupt: bad version, order or size, or a marker before `base`.
  Status open(Offset base);
  Status append(const AbortedEntry& entry);
  // Adds those that overlap [from, upper_bound). True: no later segment can hold more.
  bool collect(Offset from, Offset upper_bound, std::vector<AbortedEntry>& out) const;
  Status truncate_to(Offset offset);
  Status reset() { return truncate_to(0); }
  Status sync();
  std::vector<AbortedEntry> entries() const;
  void moved(std::string path) {
    std::lock_guard lock(mutex_);
    path_ = std::move(path);
  }

 private:
  FileSystem& fs_;
  std::string path_;
  mutable std::mutex mutex_;
  std::unique_ptr<File> file_;
  std::vector<AbortedEntry> entries_;
  bool unsynced_ = false;
};

}  // namespace kz::storage
