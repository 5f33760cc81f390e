#include "core/kafka/record/builder.h"

#include <algorithm>

#include "core/kafka/record/compress.h"

namespace kz::kafka {

namespace {

size_t field_size(const std::optional<Bytes>& field) {
  return field ? varint_size(static_cast<int32_t>(field->size())) + field->size() : 1;
}

size_t headers_size(std::span<const HeaderField> headers) {
  size_t size = varint_size(static_cast<int32_t>(headers.size()));
  for (const auto& h : headers)
    size += varint_size(static_cast<int32_t>(h.key.size())) + h.key.size() + field_size(h.value);
  return size;
}

}  // namespace

void BatchBuilder::begin_record(int32_t offset_delta, int64_t timestamp, size_t body_after_offsets) {
  KZ_ASSERT(offset_delta > last_delta_);
  if (count_ == 0) base_timestamp_ = timestamp;
  max_timestamp_ = std::max(max_timestamp_, timestamp);
  const int64_t timestamp_delta = timestamp - base_timestamp_;
  const size_t body = 1 + varint_size(timestamp_delta) + varint_size(offset_delta) + body_after_offsets;
  records_.varint(static_cast<int32_t>(body));
  records_.i8(0);
  records_.varlong(timestamp_delta);
  records_.varint(offset_delta);
  last_delta_ = offset_delta;
  ++count_;
}

void BatchBuilder::put_field(const std::optional<Bytes>& field) {
  records_.varint(field ? static_cast<int32_t>(field->size()) : -1);
  if (field) records_.raw(*field);
}

void BatchBuilder::append(int64_t timestamp, std::optional<Bytes> key, std::optional<Bytes> value,
                          std::span<const HeaderField> headers) {
  append_at(last_delta_ + 1, timestamp, key, value, headers);
}

void BatchBuilder::append_at(int32_t offset_delta, int64_t timestamp, std::optional<Bytes> key,
                             std::optional<Bytes> value, std::span<const HeaderField> headers) {
  begin_record(offset_delta, timestamp, field_size(key) + field_size(value) + headers_size(headers));
  put_field(key);
  put_field(value);
  records_.varint(static_cast<int32_t>(headers.size()));
  for (const auto& h : headers) {
    put_field(as_bytes(h.key));
    put_field(h.value);
  }
}

void BatchBuilder::append_view(int32_t offset_delta, const RecordView& record) {
  const auto optional = [](bool present, Bytes bytes) { return present ? std::optional<Bytes>(bytes) : std::nullopt; };
  const auto key = optional(record.has_key, record.key);
  const auto value = optional(record.has_value, record.value);
  begin_record(offset_delta, record.timestamp,
               field_size(key) + field_size(value) + varint_size(record.header_count) + record.headers.size());
  put_field(key);
  put_field(value);
  records_.varint(record.header_count);
  records_.raw(record.headers);
}

Result<Slice> BatchBuilder::build() {
  out_.clear();
  Bytes body = records_.bytes();
  if (options_.codec != Codec::kNone) {
    KZ_CHECK(compress(options_.codec, body, out_));
    body = out_.bytes();
  }
  Slice batch = Slice::allocate(kBatchHeaderSize + body.size());
  const auto& o = options_;
  Writer w(batch.mutable_bytes());
  w.i64(o.base_offset);
  w.i32(static_cast<int32_t>(kBatchHeaderSize - kLogOverhead + body.size()));
  w.i32(o.leader_epoch);
  w.i8(2);
  w.u32(0);
  const int attributes = static_cast<int>(o.codec) | (o.log_append_time_ms ? 0x08 : 0) | (o.transactional ? 0x10 : 0) |
                         (o.control ? 0x20 : 0);
  w.i16(static_cast<int16_t>(attributes));
  w.i32(std::max(last_delta_, 0));
  w.i64(count_ == 0 ? kNoTimestamp : base_timestamp_);
  w.i64(o.log_append_time_ms.value_or(max_timestamp_));
  w.i64(o.producer_id);
  w.i16(o.producer_epoch);
  w.i32(o.base_sequence);
  w.i32(count_);
  w.raw(body);
  MutableBatch(batch.mutable_bytes()).update_crc();
  records_.clear();
  count_ = 0;
  last_delta_ = -1;
  max_timestamp_ = kNoTimestamp;
  return batch;
}

Slice BatchBuilder::finish() {
  auto batch = build();
  KZ_ASSERT_MSG(batch.has_value(), "batch does not compress");
  return std::move(*batch);
}

size_t BatchBuilder::size_upper_bound(std::optional<Bytes> key, std::optional<Bytes> value,
                                      std::span<const HeaderField> headers) {
  constexpr size_t kMaxRecordOverhead = 21;
  return kBatchHeaderSize + kMaxRecordOverhead + field_size(key) + field_size(value) + headers_size(headers);
}

}  // namespace kz::kafka
