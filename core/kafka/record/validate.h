// What a leader checks before it appends: batch headers, CRC, every record, timestamps, keys on compacted topics; and
// the rewriting that LogAppendTime, another codec or an old message format need. Nothing here depends on the log's
// state, so all of it runs before the log is asked for an offset.
// Source: LogValidator.scala, UnifiedLog.analyzeAndValidateRecords, ProduceRequest.validateRecords @ 3.4.0.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/kafka/error.h"
#include "core/kafka/record/batch.h"
#include "core/kafka/record/compress.h"

namespace kz::kafka {

struct WalkedRecord;

struct ValidationRules {
  std::string_view topic_partition;  // "topic-0", for messages
  bool client = true;                // from a producer; false: from a coordinator of this broker
  bool compacted = false;
  bool append_time = false;  // message.timestamp.type=LogAppendTime
  int64_t timestamp_difference_max_ms = INT64_MAX;
  int64_t max_message_bytes = 1048588;
  std::optional<Codec> target_codec;  // compression.type; nullopt = producer
  int16_t produce_version = 9;        // 3 and above: exactly one v2 batch
  int64_t now_ms = 0;                 // wall clock
};

struct InvalidRecord {
  int32_t batch_index = 0;
  std::string message;
};

struct ValidationFailure {
  ErrorCode code = ErrorCode::kInvalidRecord;
  std::string message;
  std::vector<InvalidRecord> records;  // only for record errors
};

// One v2 batch, whole and ready but for base offset and leader epoch (both lie before the CRC and are set in place).
struct ValidBatch {
  Slice batch;
  int32_t count = 0;                // offsets it takes
  int64_t max_timestamp = -1;       // as in the header
  int32_t max_timestamp_delta = 0;  // offset of the record with it, relative to the first (the last if not known)
  bool rewritten = false;
};

// Validates; reuses its buffers. Not thread-safe: one per thread.
class BatchValidator {
 public:
  // `records` may be edited in place (and must not be shared): max timestamp and CRC.
  std::expected<ValidBatch, ValidationFailure> validate(Slice records, const ValidationRules& rules);

 private:
  struct Walk;
  template <class Records>
  const char* walk(Records& records, const BatchView& batch, const ValidationRules& rules, Walk& out);
  void note_record_error(const ValidationRules& rules, const BatchView& batch, const WalkedRecord& record,
                         int64_t timestamp, Walk& out) const;
  std::expected<ValidBatch, ValidationFailure> validate_v2(Slice batch, const ValidationRules& rules);
  std::expected<ValidBatch, ValidationFailure> rebuild(const Slice& batch, Codec target, const ValidationRules& rules);
  std::expected<ValidBatch, ValidationFailure> validate_legacy(Bytes records, const ValidationRules& rules);

  Decompressor decompressor_;
  std::vector<std::byte> window_;
};

}  // namespace kz::kafka
