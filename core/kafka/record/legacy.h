// Message sets of magic 0 and 1, which old clients produce and old logs hold: reading, and writing for old fetchers.
// Source: LegacyRecord.java, AbstractLegacyRecordBatch.java, RecordsUtil.downConvert @ 3.4.0; KIP-31, KIP-32.
//   int64 offset, int32 size, uint32 crc (CRC-32 of magic..end), int8 magic, int8 attributes, [v1: int64 timestamp],
//   int32 keyLength (-1 null) key, int32 valueLength (-1 null) value
// Compressed: one wrapper whose value is an inner set; v0 inner offsets are absolute, v1's relative, and the wrapper
// carries the last one.
#pragma once
#include <functional>
#include <optional>

#include "core/kafka/record/batch.h"
#include "core/kafka/record/compress.h"

namespace kz::kafka {

struct LegacyRecord {
  Offset offset = 0;
  int8_t magic = 0;
  Codec codec = Codec::kNone;
  bool append_time = false;
  int64_t timestamp = kNoTimestamp;  // magic 0: none
  bool has_key = false;
  bool has_value = false;
  Bytes key;
  Bytes value;
};

// One whole message, as it stands (a wrapper is not opened). kMalformed: lengths do not fit; the CRC is not checked.
Result<LegacyRecord> parse_legacy(Bytes message);
// The stored CRC matches. Needs a whole message.
bool legacy_crc_ok(Bytes message);

// Calls `each` for every record of one shallow message, inner ones included, with absolute offsets and effective
// timestamps; stops early when it returns false. Inner CRCs are checked: kChecksum. Inner bytes are bounded by `limit`.
Status for_each_legacy_record(Bytes message, Decompressor& decompressor, size_t limit,
                              const std::function<bool(const LegacyRecord&)>& each);

// Appends an uncompressed message of the given magic (0 or 1).
void write_legacy(Buffer& out, int8_t magic, Offset offset, int64_t timestamp, bool append_time,
                  std::optional<Bytes> key, std::optional<Bytes> value);

// v2 (and newer legacy) batches for a fetcher that understands no more than `to_magic`: headers go, control batches are
// skipped, compressed batches stay compressed. Records below `from` are dropped, as Kafka does.
// kUnsupportedVersion: a zstd batch, which no old client reads.
Result<Slice> down_convert(Bytes batches, int8_t to_magic, Offset from, Decompressor& decompressor, size_t limit);

}  // namespace kz::kafka
