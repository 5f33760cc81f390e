// BatchBuilder: makes one v2 batch, as a producer or a coordinator does. Source: MemoryRecordsBuilder.java @ 3.4.0.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/bytes/slab.h"
#include "core/bytes/writer.h"
#include "core/kafka/record/batch.h"

namespace kz::kafka {

struct HeaderField {
  std::string_view key;
  std::optional<Bytes> value;
};

struct BatchOptions {
  Codec codec = Codec::kNone;
  Offset base_offset = 0;
  LeaderEpoch leader_epoch = -1;
  int64_t producer_id = kNoProducerId;
  int16_t producer_epoch = kNoProducerEpoch;
  int32_t base_sequence = kNoSequence;
  bool transactional = false;
  bool control = false;
  std::optional<int64_t> log_append_time_ms = std::nullopt;  // LogAppendTime batches
};

// Collects records and gives the finished batch. Reusable after build(). Not thread-safe.
class BatchBuilder {
 public:
  explicit BatchBuilder(BatchOptions options = {}) : options_(options) {}

  // Copies the fields. nullopt is Kafka's null. The offset is the previous one + 1.
  void append(int64_t timestamp, std::optional<Bytes> key, std::optional<Bytes> value,
              std::span<const HeaderField> headers = {});
  // The same, at an offset of its own (>= the previous + 1), relative to base_offset.
  void append_at(int32_t offset_delta, int64_t timestamp, std::optional<Bytes> key, std::optional<Bytes> value,
                 std::span<const HeaderField> headers = {});
  // A decoded record, headers as they are.
  void append_view(int32_t offset_delta, const RecordView& record);

  int32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Of the batch so far if it were not compressed, in bytes.
  size_t uncompressed_size() const { return kBatchHeaderSize + records_.size(); }
  int64_t max_timestamp() const { return max_timestamp_; }
  BatchOptions& options() { return options_; }

  // Header, CRC, compressed body. The builder is empty afterwards; options stay. Result: kInternal if a codec fails.
  Result<Slice> build();
  // build() for codecs that cannot fail; asserts.
  Slice finish();

  // Upper bound of a record's size in a batch of its own (Java's estimate), header included.
  static size_t size_upper_bound(std::optional<Bytes> key, std::optional<Bytes> value,
                                 std::span<const HeaderField> headers);

 private:
  void begin_record(int32_t offset_delta, int64_t timestamp, size_t body_after_offsets);
  void put_field(const std::optional<Bytes>& field);

  BatchOptions options_;
  Buffer records_;
  Buffer out_;
  int32_t count_ = 0;
  int32_t last_delta_ = -1;
  int64_t base_timestamp_ = 0;
  int64_t max_timestamp_ = kNoTimestamp;
};

}  // namespace kz::kafka
