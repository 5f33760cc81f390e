// Append validation: every rule of server.md section 9, in memory and through each codec, and what is rewritten.
#include "core/kafka/record/validate.h"

#include "core/kafka/record/builder.h"
#include "core/kafka/record/control.h"
#include "core/kafka/record/legacy.h"
#include "tests/unit/kafka/record_golden.h"

using namespace kz;
using namespace kz::kafka;
using namespace kz::test;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr Codec kCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

ValidationRules rules() {
  ValidationRules r;
  r.topic_partition = "t-0";
  r.now_ms = kNow;
  return r;
}

Slice simple(Codec codec, int count = 3, size_t value_size = 10) {
  BatchBuilder b({.codec = codec});
  const std::string value(value_size, 'v');
  for (int i = 0; i < count; ++i) b.append(kNow + i, as_bytes("k"), as_bytes(value));
  return b.finish();
}

struct Verdict {
  ErrorCode code = ErrorCode::kNone;
  std::string message;
  std::vector<InvalidRecord> records;
  std::optional<ValidBatch> batch;
};

Verdict run(Slice records, const ValidationRules& r = rules()) {
  BatchValidator validator;
  auto result = validator.validate(std::move(records), r);
  if (result) return {ErrorCode::kNone, "", {}, std::move(*result)};
  return {result.error().code, result.error().message, result.error().records, {}};
}

// Changes a header and mends the CRC.
template <class F>
Slice with(Slice batch, F&& edit) {
  edit(batch.mutable_bytes());
  MutableBatch(batch.mutable_bytes()).update_crc();
  return batch;
}
void put32(MutableBytes b, size_t at, int32_t v) { detail::store_be<int32_t>(b.data() + at, v); }

}  // namespace

TEST_CASE("good batches of every codec pass unchanged but for nothing") {
  for (const Codec c : kCodecs) {
    CAPTURE(codec_name(c));
    for (const int count : {1, 3, 1000}) {
      const Slice batch = simple(c, count);
      const std::string before(batch.text());
      const auto v = run(batch);
      REQUIRE_MESSAGE(v.code == ErrorCode::kNone, v.message);
      CHECK(v.batch->batch.data() == batch.data());
      CHECK(batch.text() == before);
      CHECK(v.batch->count == count);
      CHECK(v.batch->max_timestamp == kNow + count - 1);
      CHECK(!v.batch->rewritten);
    }
    // A record larger than the window of the streaming walk.
    CHECK(run(simple(c, 2, 300'000)).code == ErrorCode::kNone);
  }
  for (const auto& [name, bytes] : golden_records("java.txt")) {
    if (!name.starts_with("v2_") || name.find("marker") != std::string::npos || name == "v2_append_time") continue;
    CAPTURE(name);
    Slice batch = Slice::copy_of(bytes);
    MutableBatch(batch.mutable_bytes()).set_base_offset(0);
    CHECK(run(batch).code == ErrorCode::kNone);
  }
}

TEST_CASE("the offset of the largest timestamp is exact without compression and the last one with it") {
  for (const Codec c : {Codec::kNone, Codec::kLz4}) {
    BatchBuilder b({.codec = c});
    for (const int64_t t : {5, 9, 7, 9, 2}) b.append(kNow + t, std::nullopt, as_bytes("v"));
    const auto v = run(b.finish());
    REQUIRE(v.batch);
    CHECK(v.batch->max_timestamp_delta == (c == Codec::kNone ? 1 : 4));
    CHECK(v.batch->max_timestamp == kNow + 9);
  }
}

TEST_CASE("framing, base offset, size, CRC") {
  CHECK(run({}).code == ErrorCode::kInvalidRecord);
  CHECK(run(simple(Codec::kNone).sub(0, 70)).code == ErrorCode::kInvalidRecord);  // not one whole batch
  Slice magic = simple(Codec::kNone);
  magic.mutable_bytes()[kMagicPosition] = std::byte{3};
  CHECK(run(magic).message == "Invalid magic found in record: 3");
  Slice tiny = simple(Codec::kNone);
  put32(tiny.mutable_bytes(), 8, 13);
  CHECK(run(tiny).message == "Record size 13 is less than the minimum record overhead (14)");
  CHECK(run(tiny).code == ErrorCode::kCorruptMessage);
  put32(tiny.mutable_bytes(), 8, 40);  // shorter than a v2 header
  CHECK(run(tiny).code == ErrorCode::kCorruptMessage);

  Slice base = simple(Codec::kNone);
  MutableBatch(base.mutable_bytes()).set_base_offset(4);
  CHECK(run(base).code == ErrorCode::kInvalidRecord);
  CHECK(run(base).message == "The baseOffset of the record batch in the append to t-0 should be 0, but it is 4");
  auto coordinator = rules();
  coordinator.client = false;
  CHECK(run(base, coordinator).code == ErrorCode::kNone);

  auto limited = rules();
  const Slice batch = simple(Codec::kNone);
  limited.max_message_bytes = static_cast<int64_t>(batch.size());
  CHECK(run(batch, limited).code == ErrorCode::kNone);
  limited.max_message_bytes -= 1;
  CHECK(run(batch, limited).code == ErrorCode::kMessageTooLarge);

  // Every flip from the attributes on is seen by the CRC.
  for (size_t at = 17; at < batch.size(); ++at) {
    Slice flipped = batch.detach();
    flipped.mutable_bytes()[at] ^= std::byte{0x10};
    const auto v = run(flipped);
    CHECK(v.code == ErrorCode::kCorruptMessage);
    CHECK(v.message.starts_with("Record is corrupt (stored crc = "));
  }
}

TEST_CASE("counts, offset range, control, sequence") {
  const auto count = [](int32_t n) { return with(simple(Codec::kNone), [n](MutableBytes b) { put32(b, 57, n); }); };
  CHECK(run(count(0)).message == "Invalid reported count for record batch: 0 in topic partition t-0.");
  CHECK(run(count(2)).message ==
        "Inconsistent batch offset range [0, 2] and count of records 2 in topic partition t-0.");
  CHECK(run(with(simple(Codec::kNone), [](MutableBytes b) { put32(b, 23, -1); })).message ==
        "Batch has an invalid offset range: [0, -1] in topic partition t-0.");
  // Count and range agree with each other but not with the records.
  for (const Codec c : kCodecs) {
    const auto lie = [&](int32_t n) {
      return with(simple(c), [n](MutableBytes b) {
        put32(b, 57, n);
        put32(b, 23, n - 1);
      });
    };
    CAPTURE(codec_name(c));
    CHECK(run(lie(2)).message == "Incorrect declared batch size, records still remaining in file");
    CHECK(run(lie(4)).message == "Incorrect declared batch size, premature EOF reached");
    CHECK(run(lie(4)).code == ErrorCode::kInvalidRecord);
  }
  CHECK(run(build_end_txn_marker(0, kNow, -1, 1, 0, {})).message ==
        "Clients are not allowed to write control records in topic partition t-0.");
  BatchBuilder b({.producer_id = 5, .producer_epoch = 0, .base_sequence = -1});
  b.append(kNow, as_bytes("k"), as_bytes("v"));
  CHECK(run(b.finish()).message ==
        "Invalid sequence number -1 in record batch with producerId 5 in topic partition t-0.");
}

TEST_CASE("records of broken structure are refused in every codec") {
  // A record whose key claims more than the record has; lengths are mended so that only the structure is wrong.
  for (const Codec c : kCodecs) {
    CAPTURE(codec_name(c));
    for (const size_t at : {size_t{0}, size_t{4}, size_t{6}}) {
      Slice plain = simple(Codec::kNone, 2);
      Slice body = Slice::copy_of(BatchView(plain.bytes()).body());
      body.mutable_bytes()[at] = std::byte{0x7e};
      Buffer packed;
      REQUIRE(compress(c, body.bytes(), packed));
      Slice batch = Slice::allocate(kBatchHeaderSize + packed.size());
      std::memcpy(batch.mutable_bytes().data(), plain.data(), kBatchHeaderSize);
      std::memcpy(batch.mutable_bytes().data() + kBatchHeaderSize, packed.bytes().data(), packed.size());
      put32(batch.mutable_bytes(), 8, static_cast<int32_t>(batch.size() - kLogOverhead));
      MutableBatch(batch.mutable_bytes()).set_attributes(static_cast<int16_t>(c));
      MutableBatch(batch.mutable_bytes()).update_crc();
      CHECK(run(batch).code == ErrorCode::kInvalidRecord);
    }
    if (c == Codec::kNone) continue;
    Slice batch = with(simple(c, 50), [](MutableBytes b) { b[kBatchHeaderSize + 22] ^= std::byte{0xff}; });
    CHECK(run(batch).code == ErrorCode::kInvalidRecord);
  }
  const Slice unknown = with(simple(Codec::kGzip), [](MutableBytes b) { b[22] = std::byte{6}; });
  CHECK(run(unknown).code == ErrorCode::kInvalidRecord);
}

TEST_CASE("keys on compacted topics, timestamps, record errors with their index") {
  for (const Codec c : kCodecs) {
    CAPTURE(codec_name(c));
    BatchBuilder b({.codec = c});
    for (int i = 0; i < 6; ++i)
      b.append(kNow, i % 2 == 0 ? std::optional<Bytes>(as_bytes("k")) : std::nullopt, as_bytes("v"));
    auto compacted = rules();
    compacted.compacted = true;
    auto v = run(b.finish(), compacted);
    CHECK(v.code == ErrorCode::kInvalidRecord);
    REQUIRE(v.records.size() == 3);
    CHECK(v.records[1].batch_index == 3);
    CHECK(v.records[1].message == "Compacted topic cannot accept message without key in topic partition t-0.");
    CHECK(v.message.starts_with("One or more records have been rejected due to 3 record errors in total"));

    for (const int64_t t : {kNow, kNow + 101, kNow - 101, kNow - 100, int64_t{-1}}) b.append(t, as_bytes("k"), {});
    auto bounded = rules();
    bounded.timestamp_difference_max_ms = 100;
    bounded.compacted = true;
    v = run(b.finish(), bounded);
    CHECK(v.code == ErrorCode::kInvalidTimestamp);
    REQUIRE(v.records.size() == 2);
    CHECK(v.records[0].batch_index == 1);
    CHECK(v.records[0].message ==
          "Timestamp 1700000000101 of message with offset 1 is out of range. The timestamp "
          "should be within [1699999999900, 1700000000100]");
    // One bad timestamp makes the whole answer INVALID_TIMESTAMP.
    b.append(kNow + 5000, as_bytes("k"), {});
    b.append(kNow, std::nullopt, {});
    v = run(b.finish(), bounded);
    CHECK(v.code == ErrorCode::kInvalidTimestamp);
    CHECK(v.records.size() == 2);

    BatchBuilder append_time({.codec = c, .log_append_time_ms = kNow});
    append_time.append(kNow, as_bytes("k"), {});
    v = run(append_time.finish());
    CHECK(v.code == ErrorCode::kInvalidTimestamp);
    CHECK(v.message == "One or more records have been rejected due to invalid timestamp");
  }
}

TEST_CASE("produce versions: one v2 batch from 3 on, zstd from 7 on") {
  auto r = rules();
  Buffer two;
  two.raw(simple(Codec::kNone).bytes());
  two.raw(simple(Codec::kNone).bytes());
  CHECK(run(two.to_slice(), r).code == ErrorCode::kInvalidRecord);
  r.produce_version = 3;
  CHECK(run(golden_record("java.txt", "v1_none"), r).code == ErrorCode::kInvalidRecord);
  r.produce_version = 6;
  CHECK(run(simple(Codec::kZstd), r).code == ErrorCode::kUnsupportedCompressionType);
  r.produce_version = 7;
  CHECK(run(simple(Codec::kZstd), r).code == ErrorCode::kNone);
  // A partial batch behind the whole one is dropped, as older clients send it.
  Buffer tail;
  tail.raw(simple(Codec::kNone).bytes());
  tail.raw(simple(Codec::kNone).bytes().first(30));
  const auto v = run(tail.to_slice(), r);
  REQUIRE(v.batch);
  CHECK(v.batch->batch.size() == simple(Codec::kNone).size());
}

TEST_CASE("legacy sets become one v2 batch with the same records") {
  auto r = rules();
  r.produce_version = 2;
  for (const auto& [name, bytes] : golden_records("java.txt")) {
    if (!name.starts_with("v0_") && !name.starts_with("v1_")) continue;
    CAPTURE(name);
    const auto v = run(Slice::copy_of(bytes), r);
    REQUIRE_MESSAGE(v.batch, v.message);
    CHECK(v.batch->rewritten);
    CHECK(v.batch->count == 5);
    const BatchView view(v.batch->batch.bytes());
    CHECK(view.crc_ok());
    CHECK(view.magic() == 2);
    CHECK(std::string(codec_name(view.codec())) == name.substr(3));
    CHECK(view.max_timestamp() == (name.starts_with("v1_") ? 1500 : -1));
  }
  r.compacted = true;
  CHECK(run(golden_record("java.txt", "v1_gzip"), r).records.at(0).batch_index == 1);
  Slice corrupt = golden_record("java.txt", "v1_gzip");
  corrupt.mutable_bytes()[60] ^= std::byte{1};
  CHECK(run(corrupt, r).code == ErrorCode::kCorruptMessage);
}

TEST_CASE("rewriting: LogAppendTime in place, another codec, relative offsets that are not 0, 1, 2") {
  auto r = rules();
  r.append_time = true;
  r.now_ms = kNow + 500;
  for (const Codec c : kCodecs) {
    const auto v = run(simple(c), r);
    REQUIRE(v.batch);
    const BatchView view(v.batch->batch.bytes());
    CHECK(view.crc_ok());
    CHECK(view.log_append_time());
    CHECK(view.max_timestamp() == kNow + 500);
    CHECK(v.batch->max_timestamp_delta == 2);
    CHECK(!v.batch->rewritten);
  }
  for (const Codec from : kCodecs)
    for (const Codec to : kCodecs) {
      auto target = rules();
      target.target_codec = to;
      const auto v = run(simple(from, 20, 100), target);
      REQUIRE(v.batch);
      const BatchView view(v.batch->batch.bytes());
      CHECK(view.codec() == to);
      CHECK(view.crc_ok());
      CHECK(view.count() == 20);
      CHECK(v.batch->rewritten == (from != to));
      CHECK(run(v.batch->batch.detach()).code == ErrorCode::kNone);
    }
  // Old clients numbered inner records wrongly; the broker numbers them again. Uncompressed ones stay, as in Kafka.
  for (const Codec c : {Codec::kGzip, Codec::kNone}) {
    BatchBuilder b({.codec = c});
    b.append_at(0, kNow, as_bytes("a"), as_bytes("1"));
    b.append_at(5, kNow, as_bytes("b"), as_bytes("2"));
    const Slice batch = with(b.finish(), [](MutableBytes bytes) { put32(bytes, 23, 1); });
    const auto v = run(batch);
    REQUIRE(v.batch);
    CHECK(v.batch->rewritten == (c == Codec::kGzip));
    CHECK(v.batch->count == 2);
  }
}

TEST_CASE("a header that lies about the largest timestamp is corrected") {
  const Slice batch = with(simple(Codec::kNone), [](MutableBytes b) { detail::store_be<int64_t>(b.data() + 35, 1); });
  const auto v = run(batch);
  REQUIRE(v.batch);
  CHECK(BatchView(v.batch->batch.bytes()).max_timestamp() == kNow + 2);
  CHECK(BatchView(v.batch->batch.bytes()).crc_ok());
}

TEST_CASE("a bomb is walked through a window, not unfolded into memory") {
  BatchBuilder b({.codec = Codec::kZstd});
  const std::string zeros(64 << 20, '\0');
  b.append(kNow, as_bytes("k"), as_bytes(zeros));
  const Slice batch = b.finish();
  CHECK(batch.size() < 100'000);
  CHECK(run(batch).code == ErrorCode::kNone);
}

TEST_CASE("a batch whose offsets do not fit into an int is refused, whoever sent it") {
  for (const bool client : {true, false}) {
    ValidationRules r = rules();
    r.client = client;
    const Verdict v = run(with(simple(Codec::kNone), [&](MutableBytes b) { put32(b, 23, INT32_MAX); }), r);
    CAPTURE(client);
    CHECK(v.code == ErrorCode::kInvalidRecord);
    CHECK_FALSE(v.batch.has_value());
  }
}
