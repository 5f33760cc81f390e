// Batches: what Java and kafka-python built is read field by field, and our builder gives Java's bytes back.
#include "core/kafka/record/batch.h"

#include <algorithm>

#include "core/bytes/writer.h"
#include "core/kafka/partitioner.h"
#include "core/kafka/record/builder.h"
#include "core/kafka/record/compress.h"
#include "core/kafka/record/control.h"
#include "tests/unit/kafka/record_golden.h"

using namespace kz;
using namespace kz::kafka;
using namespace kz::test;

namespace {

std::string large_value() {
  std::string out;
  for (int i = 0; i < 2000; ++i) out += "line " + std::to_string(i % 97) + ";";
  return out;
}

// The five records of KafkaRecordGolden.java.
void append_golden(BatchBuilder& b) {
  b.append(1000, as_bytes("key"), as_bytes("value"));
  b.append(1003, std::nullopt, as_bytes("no key"));
  b.append(999, as_bytes("tombstone"), std::nullopt);
  const HeaderField headers[] = {{"h1", as_bytes("v1")}, {"", Bytes{}}, {"null", std::nullopt}};
  b.append(1500, Bytes{}, Bytes{}, headers);
  b.append(1001, as_bytes("large"), as_bytes(large_value()));
}

void check_golden(const Slice& batch, Codec codec) {
  const BatchView view(batch.bytes());
  REQUIRE(view.whole());
  CHECK(view.crc_ok());
  CHECK(view.base_offset() == 100);
  CHECK(view.last_offset() == 104);
  CHECK(view.count() == 5);
  CHECK(view.codec() == codec);
  CHECK(view.base_timestamp() == 1000);
  CHECK(view.max_timestamp() == 1500);
  CHECK(!view.has_producer_id());
  CHECK(view.last_sequence() == kNoSequence);
  Decompressor d;
  const auto body = uncompressed_body(batch, d, 1 << 20);
  REQUIRE(body);
  RecordIterator it(view, body->bytes());
  RecordView r;
  REQUIRE(it.next(r));
  CHECK(as_text(r.key) == "key");
  CHECK(as_text(r.value) == "value");
  CHECK(r.offset == 100);
  CHECK(r.timestamp == 1000);
  REQUIRE(it.next(r));
  CHECK(!r.has_key);
  CHECK(r.timestamp == 1003);
  REQUIRE(it.next(r));
  CHECK(!r.has_value);
  CHECK(r.timestamp == 999);
  REQUIRE(it.next(r));
  CHECK(r.has_key);
  CHECK(r.key.empty());
  CHECK(r.header_count == 3);
  HeaderIterator headers(r);
  HeaderView h;
  REQUIRE(headers.next(h));
  CHECK(h.key == "h1");
  CHECK(as_text(h.value) == "v1");
  REQUIRE(headers.next(h));
  CHECK(h.key.empty());
  CHECK(h.has_value);
  REQUIRE(headers.next(h));
  CHECK(!h.has_value);
  CHECK(!headers.next(h));
  REQUIRE(it.next(r));
  CHECK(as_text(r.value) == large_value());
  CHECK(!it.next(r));
  CHECK(it.status());
}

}  // namespace

TEST_CASE("Java's batches of every codec are read whole") {
  for (const Codec c : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    CAPTURE(codec_name(c));
    check_golden(golden_record("java.txt", "v2_" + std::string(codec_name(c))), c);
  }
}

TEST_CASE("our builder gives Java's bytes without compression, and reads back with it") {
  for (const Codec c : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    BatchBuilder b({.codec = c, .base_offset = 100});
    append_golden(b);
    const Slice batch = b.finish();
    check_golden(batch, c);
    if (c == Codec::kNone) CHECK(batch.text() == golden_record("java.txt", "v2_none").text());
    // Frames that a Java reader insists on.
    const Bytes body = BatchView(batch.bytes()).body();
    if (c == Codec::kSnappy) CHECK(as_text(body).starts_with(std::string_view("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16)));
    if (c == Codec::kLz4) CHECK(as_text(body).starts_with("\x04\x22\x4d\x18\x60\x40\x82"));
  }
}

TEST_CASE("kafka-python's batches are read") {
  for (const auto& [name, bytes] : golden_records("kafka_python.txt")) {
    if (!name.starts_with("v2_")) continue;
    CAPTURE(name);
    const Slice batch = Slice::copy_of(bytes);
    const BatchView view(batch.bytes());
    REQUIRE(view.whole());
    CHECK(view.crc_ok());
    Decompressor d;
    const auto body = uncompressed_body(batch, d, 1 << 20);
    REQUIRE(body);
    RecordIterator it(view, body->bytes());
    RecordView r;
    int i = 0;
    for (; it.next(r); ++i) {
      CHECK(r.offset == i);
      CHECK(r.timestamp == 1000 + i * 7 % 13);
      CHECK(r.has_key == (i % 4 != 0));
      CHECK(r.has_value == (i % 5 != 0));
      CHECK(r.header_count == (i % 3 == 0 ? 1 : 0));
      if (r.has_key) CHECK(as_text(r.key) == "key" + std::to_string(i));
    }
    CHECK(it.status());
    CHECK(i == 20);
  }
}

TEST_CASE("transactional batches, sequence wrap, LogAppendTime and markers as Java writes them") {
  BatchBuilder b({.base_offset = 7,
                  .leader_epoch = 9,
                  .producer_id = 4711,
                  .producer_epoch = 3,
                  .base_sequence = 2147483646,
                  .transactional = true});
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    b.append(50 + i, as_bytes("k" + n), as_bytes("v" + n));
  }
  const Slice made = b.finish();
  CHECK(made.text() == golden_record("java.txt", "v2_transactional").text());
  const BatchView view(made.bytes());
  CHECK(view.transactional());
  CHECK(view.last_sequence() == 0);  // wrapped
  RecordIterator it(view, view.body());
  RecordView r;
  std::vector<int32_t> sequences;
  while (it.next(r)) sequences.push_back(r.sequence);
  CHECK(sequences == std::vector<int32_t>{2147483646, 2147483647, 0});

  const Slice append_time = golden_record("java.txt", "v2_append_time");
  const BatchView at(append_time.bytes());
  CHECK(at.log_append_time());
  RecordIterator times(at, at.body());
  while (times.next(r)) CHECK(r.timestamp == 123456);

  for (const auto type : {ControlType::kAbort, ControlType::kCommit}) {
    const Slice golden =
        golden_record("java.txt", type == ControlType::kAbort ? "v2_marker_abort" : "v2_marker_commit");
    CHECK(build_end_txn_marker(33, 77, 5, 4711, 3, {type, 12}).text() == golden.text());
    const BatchView marker(golden.bytes());
    CHECK(marker.control());
    RecordIterator records(marker, marker.body());
    REQUIRE(records.next(r));
    const auto parsed = parse_end_txn_marker(r);
    REQUIRE(parsed);
    CHECK(parsed->type == type);
    CHECK(parsed->coordinator_epoch == 12);
  }
}

TEST_CASE("in-place edits keep the CRC right, and recompute it only when they must") {
  Slice batch = golden_record("java.txt", "v2_none");
  MutableBatch m(batch.mutable_bytes());
  const uint32_t crc = m.crc();
  m.set_last_offset(1004);
  m.set_leader_epoch(77);
  CHECK(m.base_offset() == 1000);
  CHECK(m.leader_epoch() == 77);
  CHECK(m.crc() == crc);
  CHECK(m.crc_ok());
  m.set_max_timestamp(false, 1500);
  CHECK(m.crc() == crc);
  m.set_max_timestamp(true, 1500);
  CHECK(m.crc() != crc);
  CHECK(m.crc_ok());
  CHECK(m.log_append_time());
  m.set_max_timestamp(false, 1500);
  CHECK(m.crc() == crc);
}

TEST_CASE("every truncation and every changed length of a body fails cleanly") {
  const Slice golden = golden_record("java.txt", "v2_none");
  const BatchView view(golden.bytes());
  const Bytes body = view.body();
  RecordView r;
  for (size_t n = 0; n < 200; ++n) {
    RecordIterator it(view, body.first(n));
    while (it.next(r)) {
    }
    CHECK(!it.status());
  }
  for (size_t at = 0; at < 120; ++at)
    for (int bit = 0; bit < 8; ++bit) {
      Slice copy = Slice::copy_of(body);
      copy.mutable_bytes()[at] ^= static_cast<std::byte>(1 << bit);
      RecordIterator it(view, copy.bytes());
      int n = 0;
      while (it.next(r)) {
        ++n;
        HeaderIterator headers(r);
        HeaderView h;
        int count = 0;
        while (headers.next(h)) ++count;
        CHECK(count == r.header_count);
      }
      CHECK((n == 5) == it.status().has_value());
    }
}

TEST_CASE("batches back to back are walked, and the rest is left") {
  Buffer set;
  set.raw(golden_record("java.txt", "v2_none").bytes());
  set.raw(golden_record("java.txt", "v0_none").bytes());
  set.raw(golden_record("java.txt", "v2_lz4").bytes().first(100));
  BatchIterator it(set.bytes());
  int n = 0;
  while (it.next()) ++n;
  CHECK(n == 6);
  CHECK(it.remaining() == 100);
  CHECK(!batch_size_at(set.bytes().first(11)));
  const std::string negative("\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\2", 17);
  CHECK(!batch_size_at(as_bytes(negative)));
}

TEST_CASE("decompression is bounded, streams in pieces of any size, and names damage") {
  const std::string text(300'000, 'x');
  Decompressor d;
  for (const Codec c : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    CAPTURE(codec_name(c));
    Buffer packed;
    REQUIRE(compress(c, as_bytes(text), packed));
    const auto whole = d.all(c, packed.bytes(), text.size());
    REQUIRE(whole);
    CHECK(whole->text() == text);
    if (c != Codec::kNone) {
      CHECK(d.all(c, packed.bytes(), text.size() - 1).error().code == Errc::kTooLarge);
      for (const size_t keep : {size_t{0}, size_t{3}, packed.size() / 2, packed.size() - 1})
        if (c != Codec::kSnappy || keep > 16) CHECK(!d.all(c, packed.bytes().first(keep), text.size()));
    }
    for (const size_t step : {1u, 7u, 65536u}) {
      REQUIRE(d.open(c, packed.bytes()));
      std::vector<std::byte> piece(step);
      size_t total = 0;
      for (;;) {
        const auto n = d.read(piece);
        REQUIRE(n);
        total += *n;
        if (*n < step) break;
        if (step == 1 && total > 100) break;
      }
      CHECK(total == (step == 1 ? 101 : text.size()));
    }
    Buffer empty;
    REQUIRE(compress(c, {}, empty));
    CHECK(d.all(c, empty.bytes(), 10)->size() == 0);
  }
  CHECK(d.open(static_cast<Codec>(6), as_bytes(text)).error().code == Errc::kUnsupportedVersion);
  // Raw snappy, as librdkafka writes it: one block without framing.
  Buffer framed;
  REQUIRE(compress(Codec::kSnappy, as_bytes("raw snappy body"), framed));
  CHECK(d.all(Codec::kSnappy, framed.bytes().subspan(20), 100)->text() == "raw snappy body");
  // A block that claims more than snappy can unfold to takes no memory.
  const std::string lie("\xff\xff\xff\xff\x0f", 5);
  CHECK(!d.all(Codec::kSnappy, as_bytes(lie), 100));
}

TEST_CASE("murmur2 and the partition of a key are Java's") {
  int n = 0;
  for (const auto& [name, bytes] : golden_records("java.txt")) {
    if (name != "murmur2") continue;
    const Bytes all = as_bytes(bytes);
    CHECK(murmur2(all.subspan(4)) == detail::load_be<int32_t>(all.data()));
    ++n;
  }
  CHECK(n == 11);
  CHECK(partition_for_key(as_bytes("foobar"), 1000) == (-790332482 & 0x7fffffff) % 1000);
}

TEST_CASE("the sticky partition stays until a batch is done, and moves to another that is available") {
  StickyPartitioner sticky;
  Rng rng(1);
  const std::vector<int32_t> available = {1, 4, 6};
  const int32_t first = sticky.partition(available, 8, rng);
  for (int i = 0; i < 10; ++i) CHECK(sticky.partition(available, 8, rng) == first);
  sticky.switch_partition();
  const int32_t second = sticky.partition(available, 8, rng);
  CHECK(second != first);
  CHECK(std::find(available.begin(), available.end(), second) != available.end());
  const std::vector<int32_t> one = {5};
  CHECK(sticky.partition(one, 8, rng) == 5);  // the old one lost its leader
  sticky.switch_partition();
  CHECK(sticky.partition(one, 8, rng) == 5);
  CHECK(sticky.partition({}, 3, rng) < 3);
}
