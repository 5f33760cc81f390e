// OffsetIndex (%020d.index): offset to file position, sparse. Source: OffsetIndex.scala @ 3.4.0.
// Entry of 8 bytes: int32 offset - base, int32 position. The offset is the LAST of an appended record set, the position
// its START; a lookup therefore lands at or before the batch that is wanted.
#pragma once
#include "core/base/ids.h"
#include "storage/kafka/index_file.h"

namespace kz::storage {

struct OffsetPosition {
  Offset offset = 0;
  int64_t position = 0;
};

// Thread rule of IndexFile.
class OffsetIndex {
 public:
  static constexpr size_t kEntrySize = 8;
  OffsetIndex(FileSystem& fs, std::string path, Offset base) : file_(fs, std::move(path), kEntrySize), base_(base) {}

  // As IndexFile::open, and kCorrupt when the last offset lies before the base.
  Status open();
  Status create(bool fresh);
  // Offsets not above the last one are refused: kInvalidArgument.
  Status append(Offset offset, int64_t position);
  // The last entry with offset <= target; base and 0 when there is none.
  OffsetPosition lookup(Offset target) const;
  // The last entry with position <= the given one; base and 0 when there is none.
  OffsetPosition lookup_position(int64_t position) const;
  size_t count() const { return file_.count(); }
  bool full(int64_t max_bytes) const { return count() >= static_cast<size_t>(max_bytes) / kEntrySize; }
  Offset last_offset() const { return last_offset_; }  // base when empty
  // Entries with offset >= the given one go.
  Status truncate_to(Offset offset);
  IndexFile& file() { return file_; }

 private:
  Status reload_last();
  IndexFile file_;
  const Offset base_;
  Offset last_offset_ = 0;
};

}  // namespace kz::storage
