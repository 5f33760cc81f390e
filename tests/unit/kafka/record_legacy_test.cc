// Message sets of magic 0 and 1: reading Java's and kafka-python's, and down-conversion for old fetchers.
#include "core/kafka/record/legacy.h"

#include "core/kafka/record/builder.h"
#include "core/kafka/record/control.h"
#include "tests/unit/kafka/record_golden.h"

using namespace kz;
using namespace kz::kafka;
using namespace kz::test;

namespace {

struct Read {
  Offset offset;
  int64_t timestamp;
  bool has_key;
  bool has_value;
  std::string key;
  std::string value;
};

std::vector<Read> read_all(Bytes set) {
  std::vector<Read> out;
  Decompressor d;
  BatchIterator it(set);
  while (auto message = it.next()) {
    REQUIRE(legacy_crc_ok(*message));
    REQUIRE(for_each_legacy_record(*message, d, 1 << 20, [&](const LegacyRecord& r) {
      out.push_back(
          {r.offset, r.timestamp, r.has_key, r.has_value, std::string(as_text(r.key)), std::string(as_text(r.value))});
      return true;
    }));
  }
  CHECK(it.remaining() == 0);
  return out;
}

}  // namespace

TEST_CASE("Java's sets of every codec give absolute offsets and timestamps") {
  for (const auto& [name, bytes] : golden_records("java.txt")) {
    if (!name.starts_with("v0_") && !name.starts_with("v1_")) continue;
    CAPTURE(name);
    const auto records = read_all(as_bytes(bytes));
    REQUIRE(records.size() == 5);
    for (size_t i = 0; i < 5; ++i) CHECK(records[i].offset == 100 + static_cast<Offset>(i));
    CHECK(records[0].key == "key");
    CHECK(!records[1].has_key);
    CHECK(!records[2].has_value);
    CHECK(records[3].has_key);
    CHECK(records[3].key.empty());
    CHECK(records[4].value.size() > 10'000);
    CHECK(records[3].timestamp == (name.starts_with("v1_") ? 1500 : -1));
  }
}

TEST_CASE("kafka-python's sets are read") {
  int n = 0;
  for (const auto& [name, bytes] : golden_records("kafka_python.txt")) {
    if (!name.starts_with("v0_") && !name.starts_with("v1_")) continue;
    CAPTURE(name);
    ++n;
    const auto records = read_all(as_bytes(bytes));
    REQUIRE(records.size() == 20);
    CHECK(records[19].offset == 19);
    CHECK(records[7].key == "key7");
    CHECK(!records[5].has_value);
  }
  CHECK(n >= 4);
}

TEST_CASE("every truncation and bit flip of a message fails cleanly or is seen by the CRC") {
  const Slice set = golden_record("java.txt", "v1_none");
  const Bytes first = set.bytes().first(static_cast<size_t>(*batch_size_at(set.bytes())));
  Decompressor d;
  for (size_t n = 0; n < first.size(); ++n) CHECK(!parse_legacy(first.first(n)));
  for (size_t at = kMagicPosition; at < first.size(); ++at) {
    Slice copy = Slice::copy_of(first);
    copy.mutable_bytes()[at] ^= std::byte{4};
    CHECK(!legacy_crc_ok(copy.bytes()));
    (void)parse_legacy(copy.bytes());
  }
}

TEST_CASE("down-conversion keeps offsets, keys and values, drops headers and markers, and refuses zstd") {
  Decompressor d;
  Buffer batches;
  batches.raw(golden_record("java.txt", "v2_none").bytes());
  batches.raw(golden_record("java.txt", "v2_marker_commit").bytes());
  batches.raw(golden_record("java.txt", "v2_gzip").bytes());
  for (const int8_t magic : {int8_t{0}, int8_t{1}}) {
    const auto down = down_convert(batches.bytes(), magic, 102, d, 1 << 20);
    REQUIRE(down);
    const auto records = read_all(down->bytes());
    REQUIRE(records.size() == 6);
    for (size_t i = 0; i < 6; ++i) CHECK(records[i].offset == 102 + static_cast<Offset>(i % 3));
    CHECK(records[0].key == "tombstone");
    CHECK(records[1].timestamp == (magic == 1 ? 1500 : -1));
    CHECK(magic_at(down->bytes()) == magic);
  }
  // Magic 1 for a magic 0 fetcher.
  const auto older = down_convert(golden_record("java.txt", "v1_snappy").bytes(), 0, 0, d, 1 << 20);
  REQUIRE(older);
  CHECK(read_all(older->bytes()).size() == 5);
  CHECK(read_all(older->bytes())[4].offset == 104);
  CHECK(down_convert(golden_record("java.txt", "v2_zstd").bytes(), 1, 0, d, 1 << 20).error().code ==
        Errc::kUnsupportedVersion);
}

TEST_CASE("uncompressed down-conversion gives Java's own bytes") {
  Decompressor d;
  const auto down = down_convert(golden_record("java.txt", "v2_none").bytes(), 1, 0, d, 1 << 20);
  REQUIRE(down);
  CHECK(down->text() == golden_record("java.txt", "v1_none").text());
  const auto oldest = down_convert(golden_record("java.txt", "v2_none").bytes(), 0, 0, d, 1 << 20);
  REQUIRE(oldest);
  CHECK(oldest->text() == golden_record("java.txt", "v0_none").text());
}
