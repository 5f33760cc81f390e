// TimeIndex (%020d.timeindex): largest timestamp so far and the offset that has it, sparse. Source: TimeIndex.scala @
// 3.4.0. Entry of 12 bytes: int64 timestamp, int32 offset - base; both ascend.
#pragma once
#include "core/base/ids.h"
#include "storage/kafka/index_file.h"

namespace kz::storage {

struct TimeEntry {
  int64_t timestamp = -1;
  Offset offset = 0;
};

// Thread rule of IndexFile.
class TimeIndex {
 public:
  static constexpr size_t kEntrySize = 12;
  TimeIndex(FileSystem& fs, std::string path, Offset base) : file_(fs, std::move(path), kEntrySize), base_(base) {
    last_ = {-1, base};
  }

  // As IndexFile::open, and kCorrupt when the last entry lies before the first.
  Status open();
  Status create(bool fresh);
  // Appends when the timestamp is larger than the last one.
  Status maybe_append(int64_t timestamp, Offset offset);
  // The last entry with timestamp <= target; -1 and base when there is none.
  TimeEntry lookup(int64_t timestamp) const;
  TimeEntry last() const { return last_; }
  size_t count() const { return file_.count(); }
  // One slot is kept free for the entry that a roll forces.
  bool full(int64_t max_bytes) const { return count() + 1 >= static_cast<size_t>(max_bytes) / kEntrySize; }
  Status truncate_to(Offset offset);
  IndexFile& file() { return file_; }

 private:
  Status reload_last();
  IndexFile file_;
  const Offset base_;
  TimeEntry last_;
};

}  // namespace kz::storage
