// Fuzzes record batches as a broker and a consumer meet them: validation (with the CRC mended, so that what lies behind
// it is reached), decompression, record and header walks, legacy sets, down-conversion. The first byte chooses the
// rules.
#include <cstdint>
#include <cstdlib>

#include "core/kafka/record/control.h"
#include "core/kafka/record/legacy.h"
#include "core/kafka/record/validate.h"
#include "core/log/producer_state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace kz;
using namespace kz::kafka;

constexpr size_t kLimit = size_t{1} << 22;

void read_records(const Slice& batch, Decompressor& decompressor) {
  const BatchView view(batch.bytes());
  const auto body = uncompressed_body(batch, decompressor, kLimit);
  if (!body) return;
  RecordIterator records(view, body->bytes());
  RecordView record;
  while (records.next(record)) {
    HeaderIterator headers(record);
    HeaderView header;
    int32_t count = 0;
    while (headers.next(header)) ++count;
    if (count != record.header_count) std::abort();
    (void)parse_end_txn_marker(record);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const uint8_t choice = data[0];
  Slice bytes = Slice::copy_of(std::as_bytes(std::span(data + 1, size - 1)));
  if (bytes.size() >= kBatchHeaderSize && magic_at(bytes) == 2) {
    MutableBatch batch(bytes.mutable_bytes());
    if (batch.whole()) batch.update_crc();
  }
  Decompressor decompressor;
  BatchIterator batches(bytes);
  while (const auto one = batches.next()) {
    if (magic_at(*one) == 2) {
      read_records(Slice::copy_of(*one), decompressor);
      (void)log_state::producer_batch_info(*one);
    } else if (magic_at(*one) >= 0) {
      (void)for_each_legacy_record(*one, decompressor, kLimit, [](const LegacyRecord&) { return true; });
    }
  }
  (void)down_convert(bytes, static_cast<int8_t>(choice & 1), 0, decompressor, kLimit);

  ValidationRules rules;
  rules.topic_partition = "t-0";
  rules.client = (choice & 2) == 0;
  rules.compacted = (choice & 4) != 0;
  rules.append_time = (choice & 8) != 0;
  rules.produce_version = (choice & 16) != 0 ? 2 : 9;
  if ((choice & 32) != 0) rules.target_codec = Codec::kLz4;
  if ((choice & 64) != 0) rules.timestamp_difference_max_ms = 1000;
  BatchValidator validator;
  const auto valid = validator.validate(bytes, rules);
  if (!valid) return 0;
  // What was accepted must be whole, right and readable: it goes to disk and to every consumer.
  const BatchView view(valid->batch.bytes());
  if (!view.whole() || !view.crc_ok() || valid->batch.size() != static_cast<size_t>(view.size())) std::abort();
  if (rules.client && valid->count != view.count()) std::abort();
  const auto body = uncompressed_body(valid->batch, decompressor, kLimit);
  if (body) {
    RecordIterator records(view, body->bytes());
    RecordView record;
    int32_t count = 0;
    while (records.next(record)) ++count;
    if (!records.status() || count != view.count()) std::abort();
  } else if (body.error().code != Errc::kTooLarge && view.count() > 0) {
    std::abort();
  }
  return 0;
}
