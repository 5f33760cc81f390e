// Leader epochs and the text checkpoints (KIP-101, KIP-279).
#include "core/log/epoch_cache.h"

#include <doctest/doctest.h>

#include "core/log/checkpoint_text.h"

using namespace kz;
using namespace kz::log_state;

namespace {

EpochCache cache(std::initializer_list<EpochEntry> entries) {
  EpochCache c;
  for (const auto& e : entries) c.assign(e.epoch, e.start_offset);
  return c;
}

}  // namespace

TEST_CASE("an epoch starts once; entries that a new one contradicts go") {
  EpochCache c;
  CHECK(c.assign(1, 10));
  CHECK(!c.assign(1, 12));  // already begun
  CHECK(c.assign(3, 20));
  CHECK(c.assign(3, 18));  // found to begin earlier
  CHECK(c.entries() == std::vector<EpochEntry>{{1, 10}, {3, 18}});
  CHECK(c.assign(2, 15));  // a lower epoch at the end: the log was truncated and written again
  CHECK(c.entries() == std::vector<EpochEntry>{{1, 10}, {2, 15}});
  CHECK(c.assign(4, 15));  // nothing was written in epoch 2
  CHECK(c.entries() == std::vector<EpochEntry>{{1, 10}, {4, 15}});
  CHECK(c.assign(5, 3));
  CHECK(c.entries() == std::vector<EpochEntry>{{5, 3}});
}

TEST_CASE("where an epoch ends") {
  const auto c = cache({{2, 10}, {4, 20}, {7, 30}});
  const auto end = [&](LeaderEpoch e) {
    const EpochEnd r = c.end_offset_for(e, 99);
    return std::pair<LeaderEpoch, Offset>(r.epoch, r.end_offset);
  };
  CHECK(end(7) == std::pair<LeaderEpoch, Offset>(7, 99));
  CHECK(end(4) == std::pair<LeaderEpoch, Offset>(4, 30));
  CHECK(end(5) == std::pair<LeaderEpoch, Offset>(4, 30));   // the largest known one below
  CHECK(end(1) == std::pair<LeaderEpoch, Offset>(1, 10));   // before the first: its start
  CHECK(end(8) == std::pair<LeaderEpoch, Offset>(-1, -1));  // not heard of
  CHECK(end(-1) == std::pair<LeaderEpoch, Offset>(-1, -1));
  CHECK(EpochCache().end_offset_for(0, 5).end_offset == -1);
  CHECK(c.epoch_for(9) == -1);
  CHECK(c.epoch_for(10) == 2);
  CHECK(c.epoch_for(29) == 4);
  CHECK(c.epoch_for(1000) == 7);
}

TEST_CASE("truncation from both ends") {
  auto c = cache({{2, 10}, {4, 20}, {7, 30}});
  CHECK(!c.truncate_from_end(31));
  CHECK(c.truncate_from_end(30));
  CHECK(c.latest() == EpochEntry{4, 20});
  CHECK(c.truncate_from_start(25));  // epoch 4 is in force at 25
  CHECK(c.entries() == std::vector<EpochEntry>{{4, 25}});
  CHECK(!c.truncate_from_start(25));
  CHECK(!c.truncate_from_start(3));
  CHECK(c.earliest() == EpochEntry{4, 25});
  CHECK(c.clear());
  CHECK(!c.latest());
}

TEST_CASE("the checkpoint's text is Kafka's, and damage is refused with its line") {
  const auto c = cache({{0, 0}, {3, 1234567890123}});
  CHECK(c.to_text() == "0\n2\n0 0\n3 1234567890123\n");
  CHECK(EpochCache::parse(c.to_text())->entries() == c.entries());
  CHECK(EpochCache::parse("0\n0\n")->empty());
  CHECK(EpochCache::parse("")->empty());  // as Apache's broker leaves it until there is an entry
  CHECK(EpochCache::parse("1\n0\n").error().code == Errc::kUnsupportedVersion);
  for (const char* bad : {"\n", "0", "0\n", "0\n1\n", "0\n2\n1 1\n", "0\n1\n1\n", "0\n1\n1 x\n", "0\n1\n-1 5\n",
                          "0\n1\n1 5 6\n", "x\n0\n", "0\n-1\n", "0\n1\n99999999999 5\n"}) {
    CAPTURE(bad);
    CHECK(EpochCache::parse(bad).error().code == Errc::kMalformed);
  }
  CHECK(EpochCache::parse("0\n2\n1 1\n2 x\n").error().detail == 4);
}

TEST_CASE("offset checkpoints hold topic names with any legal character") {
  const OffsetCheckpoint entries = {{{"a.b_c-d", 0}, 5}, {{"a.b_c-d", 12}, 0}, {{"z", 1}, 9223372036854775807}};
  const std::string text = "0\n3\na.b_c-d 0 5\na.b_c-d 12 0\nz 1 9223372036854775807\n";
  CHECK(offset_checkpoint_text(entries) == text);
  CHECK(*parse_offset_checkpoint(text) == entries);
  CHECK(parse_offset_checkpoint("0\r\n1\r\nt 0 5\r\n")->at({"t", 0}) == 5);
  CHECK(parse_offset_checkpoint("")->empty());
  for (const char* bad : {"0\n1\n", "0\n1\nt 0\n", "0\n1\n 0 5\n", "0\n1\nt x 5\n", "0\n1\nt 0 5\nu 0 5\n"})
    CHECK(parse_offset_checkpoint(bad).error().code == Errc::kMalformed);
}
