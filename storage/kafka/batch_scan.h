// Finding batches in a segment's file: by headers alone (lookups) or whole with their CRC (recovery).
// Source: FileLogInputStream.java, FileRecords.java @ 3.4.0.
#pragma once
#include <array>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "storage/fs.h"

namespace kz::storage {

// What the header of a batch says; of magic 0 and 1 base_offset is the last offset, and magic 0 has no timestamp.
struct BatchInfo {
  int64_t position = 0;
  int64_t size = 0;
  Offset base_offset = 0;
  Offset last_offset = 0;
  int64_t max_timestamp = -1;
  LeaderEpoch leader_epoch = -1;
  int8_t magic = 2;
};

// From at least the first bytes of a batch (61 for v2, 26 for older). kCorrupt: impossible length or magic.
Result<BatchInfo> parse_batch_info(Bytes header, int64_t position);

// Headers one after another, in [position, end). Small preads, several headers each when batches are small.
class HeaderScan {
 public:
  HeaderScan(File& file, int64_t position, int64_t end) : file_(file), position_(position), end_(end) {}
  // nullopt at the end, or where less than a whole batch is left. kCorrupt, kIo.
  Result<std::optional<BatchInfo>> next();
  int64_t position() const { return position_; }
  // Base offset of the batch that was seen last, whole or cut off by `end`; -1 when none.
  Offset last_seen_base() const { return last_seen_base_; }

 private:
  static constexpr size_t kChunk = 4096;
  File& file_;
  int64_t position_;  // of the next batch
  int64_t end_;
  int64_t chunk_at_ = 0;
  size_t chunk_size_ = 0;
  Offset last_seen_base_ = -1;
  std::array<std::byte, kChunk> chunk_;
};

// Whole batches one after another, through one growing buffer.
class BatchScan {
 public:
  BatchScan(File& file, int64_t position, int64_t end) : file_(file), position_(position), end_(end) {}
  struct Batch {
    BatchInfo info;
    Bytes bytes;  // until the next call
  };
  // nullopt at the end or where less than a whole batch is left (position() < end then). With check_crc a wrong
  // checksum is kChecksum. position() is that of the bad batch after an error.
  Result<std::optional<Batch>> next(bool check_crc);
  int64_t position() const { return position_; }

 private:
  static constexpr size_t kReadAhead = size_t{1} << 20;
  Result<Bytes> window(size_t need);  // at least `need` bytes at position_, or what there is
  File& file_;
  int64_t position_;
  int64_t end_;
  std::vector<std::byte> buffer_;
  int64_t buffer_at_ = 0;
  size_t buffer_size_ = 0;
};

}  // namespace kz::storage
