// Log: appending and reading, offsets, duplicates, segments, time lookup, truncation, retention.
#include "tests/unit/storage/kafka_log_fixture.h"

using namespace kz;
using namespace kz::test;
using kafka::ErrorCode;

TEST_CASE("offsets and leader epoch are given in place and read back whole") {
  LogFixture f;
  auto log = f.create();
  log->begin_leader_epoch(3);
  auto first = append(*log, batch_of(3), 3);
  REQUIRE(first);
  CHECK(first->first_offset == 0);
  CHECK(first->last_offset == 2);
  CHECK(first->log_append_time_ms == -1);
  auto second = append(*log, batch_of(2), 3);
  REQUIRE(second);
  CHECK(second->first_offset == 3);
  CHECK(log->log_end_offset() == 5);
  CHECK(read_bases(*log, 0) == std::vector<Offset>{0, 3});
  CHECK(read_bases(*log, 2) == std::vector<Offset>{0, 3});  // the batch that holds 2 comes whole
  CHECK(read_bases(*log, 3) == std::vector<Offset>{3});
  CHECK(read_bases(*log, 5).empty());
  CHECK(log->read(6, 1000, INT64_MAX, true).error().code == Errc::kOutOfRange);
  const std::string all = bytes_of(log->read(0, 10000, INT64_MAX, true)->records);
  CHECK(BatchView(as_bytes(all)).leader_epoch() == 3);
  CHECK(BatchView(as_bytes(all)).crc_ok());
}

TEST_CASE("a read ends at a batch boundary, at the upper bound, and gives at least one batch when asked") {
  LogFixture f;
  auto log = f.create();
  for (int i = 0; i < 300; ++i) REQUIRE(append(*log, batch_of(2, kTime, {}, 100)));
  const auto size = static_cast<int64_t>(batch_of(2, kTime, {}, 100).size());
  for (const Offset from : {0, 1, 2, 57, 300, 598}) {
    const Offset base = from / 2 * 2;
    CHECK(read_bases(*log, from, size * 3 + 5).size() == std::min<size_t>(3, static_cast<size_t>((600 - base) / 2)));
    CHECK(read_bases(*log, from, size - 1) == std::vector<Offset>{base});
    CHECK(read_bases(*log, from, size - 1, INT64_MAX, false).empty());
    CHECK(read_bases(*log, from, 0, INT64_MAX, false).empty());
  }
  CHECK(read_bases(*log, 10, INT64_MAX, 14) == std::vector<Offset>{10, 12});
  CHECK(read_bases(*log, 10, INT64_MAX, 10).empty());
  CHECK(read_bases(*log, 10, INT64_MAX, 13) == std::vector<Offset>{10});  // 12 holds 13
  CHECK(read_bases(*log, 590, INT64_MAX, 100).empty());
  // Sequential readers with small pages see every batch once.
  Offset next = 0;
  int batches = 0;
  while (next < 600) {
    const auto bases = read_bases(*log, next, size * 7 + 1);
    REQUIRE(!bases.empty());
    REQUIRE(bases.front() == next);
    batches += static_cast<int>(bases.size());
    next = bases.back() + 2;
  }
  CHECK(batches == 300);
}

TEST_CASE("segments roll by size, by record time and by index size, and reads cross them") {
  LogFixture f;
  SUBCASE("size") {
    f.config.segment_bytes = 1000;
    auto log = f.create();
    for (int i = 0; i < 40; ++i) REQUIRE(append(*log, batch_of(1, kTime, {}, 100)));
    CHECK(log->segment_count() > 5);
    Offset next = 0;
    while (next < 40) {
      const auto bases = read_bases(*log, next);
      REQUIRE(!bases.empty());
      CHECK(bases.front() == next);
      next = bases.back() + 1;
    }
    const auto refused = append(*log, batch_of(1, kTime, {}, 2000));
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kRecordListTooLarge);
    CHECK(log->log_end_offset() == 40);
  }
  SUBCASE("record time, not the clock") {
    f.config.segment_ms = 1000;
    auto log = f.create();
    REQUIRE(append(*log, batch_of(1, kTime)));
    REQUIRE(append(*log, batch_of(1, kTime + 1000), 0, AppendOrigin::kClient, kTime + 999'999));
    CHECK(log->segment_count() == 1);
    REQUIRE(append(*log, batch_of(1, kTime + 1001)));
    CHECK(log->segment_count() == 2);
    CHECK(log->first_segment_base() == 0);
  }
  SUBCASE("index size") {
    f.config.index_interval_bytes = 0;
    f.config.segment_index_bytes = 40;  // 5 offset entries, 3 time entries less the one kept free
    auto log = f.create();
    for (int i = 0; i < 20; ++i) REQUIRE(append(*log, batch_of(1, kTime + i)));
    CHECK(log->segment_count() > 3);
    CHECK(read_bases(*log, 19) == std::vector<Offset>{19});
  }
}

TEST_CASE("the index holds the last offset and the start position of what was appended, every interval") {
  LogFixture f;
  f.config.index_interval_bytes = 200;
  auto log = f.create();
  const auto size = static_cast<int32_t>(batch_of(2, kTime, {}, 20).size());
  for (int i = 0; i < 12; ++i) REQUIRE(append(*log, batch_of(2, kTime + 10 * i, {}, 20)));
  REQUIRE(log->close());
  const std::string index = f.disk.contents("/data/t-0/00000000000000000000.index");
  std::string expected;
  // An entry when more than the interval was appended since the last one.
  int32_t since = 0;
  int32_t position = 0;
  for (int i = 0; i < 12; ++i) {
    if (since > 200) {
      Buffer e;
      e.i32(2 * i + 1);
      e.i32(position);
      expected += e.text();
      since = 0;
    }
    since += size;
    position += size;
  }
  CHECK(index == expected);
  // The time index ends with the largest timestamp of all, forced by the close.
  const std::string times = f.disk.contents("/data/t-0/00000000000000000000.timeindex");
  REQUIRE(times.size() % 12 == 0);
  Reader r(as_bytes(times).last(12));
  CHECK(r.i64() == kTime + 111);
  CHECK(r.i32() == 23);
}

TEST_CASE("timestamps are found by record, also in compressed batches and across segments") {
  LogFixture f;
  f.config.segment_bytes = 700;
  auto log = f.create();
  for (int i = 0; i < 20; ++i)
    REQUIRE(
        append(*log, batch_of(5, kTime + 100 * i, {.codec = i % 2 == 0 ? kafka::Codec::kLz4 : kafka::Codec::kNone})));
  CHECK(log->segment_count() > 2);
  const auto check = [&](int64_t timestamp, Offset offset, int64_t found) {
    const auto r = log->find_by_timestamp(timestamp);
    REQUIRE(r);
    CHECK(r->offset == offset);
    CHECK(r->timestamp == found);
  };
  check(0, 0, kTime);
  check(kTime + 3, 3, kTime + 3);
  check(kTime + 5, 5, kTime + 100);  // after the first batch's last record
  check(kTime + 1502, 77, kTime + 1502);
  check(kTime + 1904, 99, kTime + 1904);
  check(kTime + 1905, -1, -1);
  const auto max = log->find_max_timestamp();
  REQUIRE(max);
  CHECK(max->timestamp == kTime + 1904);
  CHECK(max->offset == 99);
}

TEST_CASE("idempotent producers: duplicates answer with the old offsets, gaps and old epochs are refused") {
  LogFixture f;
  auto log = f.create();
  const auto send = [&](int32_t sequence, int count = 2, int16_t epoch = 0) {
    return append(*log, batch_of(count, kTime, {.producer_id = 7, .producer_epoch = epoch, .base_sequence = sequence}));
  };
  for (int i = 0; i < 6; ++i) REQUIRE(send(2 * i));
  auto again = send(2);
  REQUIRE(again);
  CHECK(again->duplicate);
  CHECK(again->first_offset == 2);
  CHECK(again->last_offset == 3);
  CHECK(again->log_append_time_ms == kTime + 1);
  CHECK(log->log_end_offset() == 12);
  CHECK(send(0).error().code == ErrorCode::kOutOfOrderSequenceNumber);  // the sixth last is forgotten
  CHECK(send(14).error().code == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(send(12, 2, 1).error().code == ErrorCode::kOutOfOrderSequenceNumber);  // a new epoch starts at 0
  REQUIRE(send(0, 2, 1));
  CHECK(send(12, 2, 0).error().code == ErrorCode::kInvalidProducerEpoch);
  CHECK(log->producers().at(0).last_sequence == 1);
}

TEST_CASE("aborted transactions are indexed and hold the last stable offset until their marker is replicated") {
  LogFixture f;
  auto log = f.create();
  REQUIRE(append(*log, batch_of(1)));
  REQUIRE(append(
      *log, batch_of(2, kTime, {.producer_id = 9, .producer_epoch = 0, .base_sequence = 0, .transactional = true})));
  REQUIRE(append(*log, batch_of(1)));
  log->set_high_watermark(4);
  CHECK(log->last_stable_offset() == 1);
  REQUIRE(append(*log, kafka::build_end_txn_marker(0, kTime, 0, 9, 0, {kafka::ControlType::kAbort, 0}), 0,
                 AppendOrigin::kCoordinator));
  CHECK(log->last_stable_offset() == 1);  // decided, but the marker is above the high watermark
  log->set_high_watermark(5);
  CHECK(log->last_stable_offset() == 5);
  const auto aborted = log->aborted_transactions(0, 5);
  REQUIRE(aborted.size() == 1);
  CHECK(aborted[0].producer_id == 9);
  CHECK(aborted[0].first_offset == 1);
  CHECK(log->aborted_transactions(5, 6).empty());
  CHECK(f.disk.contents("/data/t-0/00000000000000000000.txnindex").size() == 34);
  // A client may not write markers.
  const auto forged = append(*log, kafka::build_end_txn_marker(0, kTime, 0, 9, 0, {kafka::ControlType::kCommit, 0}));
  REQUIRE(!forged);
  CHECK(forged.error().code == ErrorCode::kInvalidRecord);
}

TEST_CASE("a follower's batches keep offsets and epochs; overlaps and corruption are refused whole") {
  LogFixture f;
  auto log = f.create();
  const auto made = [](Offset base, LeaderEpoch epoch) {
    return batch_of(2, kTime, {.base_offset = base, .leader_epoch = epoch});
  };
  Buffer set;
  set.raw(made(10, 1).bytes());
  set.raw(made(14, 2).bytes());
  set.raw(made(16, 2).bytes().first(40));  // a partial batch at the end is ignored
  auto r = log->append_as_follower(set.to_slice(), at(kTime));
  REQUIRE(r);
  CHECK(r->last_offset == 15);
  CHECK(log->log_end_offset() == 16);
  CHECK(log->latest_epoch() == 2);
  CHECK(log->end_offset_for_epoch(1).end_offset == 14);
  CHECK(log->epoch_for_offset(13) == 1);
  CHECK(read_bases(*log, 11) == std::vector<Offset>{10, 14});
  CHECK(read_bases(*log, 12) == std::vector<Offset>{14});  // a gap
  CHECK(log->append_as_follower(made(15, 2), at(kTime)).error().code == ErrorCode::kOffsetOutOfRange);
  Slice bad = made(16, 2);
  bad.mutable_bytes()[70] ^= std::byte{1};
  CHECK(log->append_as_follower(std::move(bad), at(kTime)).error().code == ErrorCode::kCorruptMessage);
  CHECK(log->log_end_offset() == 16);
}

TEST_CASE("truncation cuts segments, indexes, epochs and producers; readers go on behind it") {
  LogFixture f;
  f.config.segment_bytes = 600;
  f.config.index_interval_bytes = 100;
  auto log = f.create();
  for (int i = 0; i < 30; ++i)
    REQUIRE(
        append(*log, batch_of(2, kTime + i, {.producer_id = 5, .producer_epoch = 0, .base_sequence = 2 * i}), i / 10));
  log->set_high_watermark(60);
  CHECK(log->segment_count() > 3);
  CHECK(log->latest_epoch() == 2);
  REQUIRE(log->truncate_to(26));
  CHECK(log->log_end_offset() == 26);
  CHECK(log->high_watermark() == 26);
  CHECK(log->latest_epoch() == 1);
  CHECK(log->end_offset_for_epoch(1).end_offset == 26);
  CHECK(log->producers().at(0).last_sequence == 25);
  CHECK(read_bases(*log, 24) == std::vector<Offset>{24});
  auto next = append(*log, batch_of(2, kTime, {.producer_id = 5, .producer_epoch = 0, .base_sequence = 26}), 4);
  REQUIRE(next);
  CHECK(next->first_offset == 26);
  CHECK(read_bases(*log, 26) == std::vector<Offset>{26});
  // Truncating to beyond the end changes nothing but a conflicting epoch.
  log->begin_leader_epoch(9);
  CHECK(log->latest_epoch() == 9);
  REQUIRE(log->truncate_to(100));
  CHECK(log->latest_epoch() == 4);
  REQUIRE(log->truncate_fully_and_start_at(1000));
  CHECK(log->log_start_offset() == 1000);
  CHECK(append(*log, batch_of(1), 10)->first_offset == 1000);
  CHECK(log->producers().empty());
}

TEST_CASE("retention deletes from the oldest segment on, never above the high watermark") {
  LogFixture f;
  f.config.segment_bytes = 1;  // one batch a segment, by size
  f.config.segment_bytes = static_cast<int64_t>(batch_of(1).size());
  auto log = f.create();
  for (int i = 0; i < 10; ++i) REQUIRE(append(*log, batch_of(1, kTime + 1000 * i)));
  CHECK(log->segment_count() == 10);
  SUBCASE("by time") {
    f.config.retention_ms = 4500;
    log->set_config(f.config);
    CHECK(*log->delete_old_segments(at(kTime + 9000)) == 0);  // the high watermark is 0
    log->set_high_watermark(3);
    CHECK(*log->delete_old_segments(at(kTime + 9000)) == 3);
    log->set_high_watermark(10);
    CHECK(*log->delete_old_segments(at(kTime + 9000)) == 2);
    CHECK(log->log_start_offset() == 5);
    CHECK(log->read(4, 1, INT64_MAX, true).error().code == Errc::kOutOfRange);
    // Everything may go: the active segment is rolled first.
    CHECK(*log->delete_old_segments(at(kTime + 100'000)) == 5);
    CHECK(log->log_start_offset() == 10);
    CHECK(log->log_end_offset() == 10);
    CHECK(log->segment_count() == 1);
    CHECK(append(*log, batch_of(1))->first_offset == 10);
  }
  SUBCASE("by size") {
    log->set_high_watermark(10);
    f.config.retention_ms = -1;
    f.config.retention_bytes = f.config.segment_bytes * 3;
    log->set_config(f.config);
    CHECK(*log->delete_old_segments(at(kTime)) == 7);
    CHECK(log->size_bytes() == f.config.retention_bytes);
  }
  SUBCASE("below the log start, also with compaction only") {
    log->set_high_watermark(10);
    f.config.del = false;
    f.config.compact = true;
    log->set_config(f.config);
    REQUIRE(log->set_log_start_offset(4));
    CHECK(log->set_log_start_offset(11).error().code == Errc::kOutOfRange);
    CHECK(*log->delete_old_segments(at(kTime + 1'000'000'000)) == 4);
    CHECK(log->first_segment_base() == 4);
  }
  // Deleted files are renamed first and removed later.
  const size_t gone = f.later.size();
  CHECK(gone > 0);
  CHECK(f.disk.present("/data/t-0/00000000000000000000.log.deleted"));
  for (auto& job : f.later) job();
  CHECK(!f.disk.present("/data/t-0/00000000000000000000.log.deleted"));
}

TEST_CASE("a write that fails takes the directory offline and nothing is acknowledged") {
  LogFixture f;
  auto log = f.create();
  REQUIRE(append(*log, batch_of(1)));
  f.disk.fail_paths(".log", Errc::kDiskFull);
  const auto r = append(*log, batch_of(1));
  REQUIRE(!r);
  CHECK(r.error().code == ErrorCode::kKafkaStorageError);
  CHECK(log->offline());
  CHECK(f.failures.size() == 1);
  CHECK(log->log_end_offset() == 1);
  f.disk.fail_paths("");
  CHECK(!append(*log, batch_of(1)));  // and stays so
  CHECK(!log->read(0, 1, INT64_MAX, true));
}

TEST_CASE("preallocate: a segment's file has its full length until the segment is sealed or recovered") {
  LogFixture f;
  f.config.preallocate = true;
  f.config.segment_bytes = 4096;
  {
    auto state = storage::create_log(f.disk, f.dir, f.tp, kTime, 86'400'000, storage::preallocation_of(f.config));
    REQUIRE(state);
    auto log = std::make_shared<Log>(std::move(*state), f.environment, f.config);
    CHECK(f.disk.stat(f.dir + "/00000000000000000000.log")->size == 4096);
    CHECK(log->size_bytes() == 0);
    for (int i = 0; i < 6; ++i) REQUIRE(append(*log, batch_of(1, kTime, {}, 1000)));
    REQUIRE(log->segment_count() == 2);
    CHECK(f.disk.stat(f.dir + "/00000000000000000000.log")->size < 4096);
    CHECK(f.disk.stat(f.dir + "/00000000000000000003.log")->size == 4096);
    CHECK(read_bases(*log, 0, INT64_MAX, INT64_MAX) == std::vector<Offset>{0, 1, 2});
    CHECK(read_bases(*log, 3, INT64_MAX, INT64_MAX) == std::vector<Offset>{3, 4, 5});
  }
  {
    const auto log = f.load(false);  // as after SIGKILL
    CHECK(log->log_end_offset() == 6);
    CHECK(f.disk.stat(f.dir + "/00000000000000000003.log")->size < 4096);
    REQUIRE(append(*log, batch_of(1, kTime, {}, 10)));
    REQUIRE(log->close());
  }
  const auto log = f.load(true);
  CHECK(log->log_end_offset() == 7);
  CHECK(read_bases(*log, 3, INT64_MAX, INT64_MAX) == std::vector<Offset>{3, 4, 5, 6});
}

TEST_CASE("an append that began before the leader's epoch was raised is refused, so that epochs never go back") {
  LogFixture f;
  auto log = f.create();
  log->begin_leader_epoch(4);
  REQUIRE(append(*log, batch_of(1), 4));
  log->begin_leader_epoch(5);
  const auto late = append(*log, batch_of(1), 4);
  REQUIRE(!late);
  CHECK(late.error().code == kafka::ErrorCode::kNotLeaderOrFollower);
  CHECK(log->latest_epoch() == 5);
  REQUIRE(append(*log, batch_of(1), 5));
  CHECK(log->epoch_for_offset(1) == 5);
}

TEST_CASE("a producer snapshot that waits while its topic is deleted and made again is not written to the new one") {
  LogFixture f;
  f.config.segment_bytes = 1500;
  std::vector<std::move_only_function<void()>> jobs;
  f.environment->background = [&](std::move_only_function<void()> job) {
    jobs.push_back(std::move(job));
    return true;
  };
  auto old = f.create();
  for (int i = 0; i < 2; ++i) REQUIRE(append(*old, batch_of(1, kTime, {}, 1000)));
  REQUIRE(old->segment_count() == 2);
  REQUIRE(old->move_to(f.dir + ".0123-delete"));
  const auto fresh = f.create();
  for (auto& job : jobs) job();
  const auto names = f.disk.list(f.dir);
  REQUIRE(names);
  for (const std::string& name : *names) CHECK_MESSAGE(!name.ends_with(".snapshot"), name);
}

TEST_CASE("LogAppendTime and broker-side compression rewrite the batch and keep its records") {
  LogFixture f;
  f.config.message_timestamp_is_append_time = true;
  f.config.compression_type = "zstd";
  auto log = f.create();
  auto r = append(*log, batch_of(3, 5), 0, AppendOrigin::kClient, kTime + 77);
  REQUIRE(r);
  CHECK(r->log_append_time_ms == kTime + 77);
  const std::string all = bytes_of(log->read(0, 10000, INT64_MAX, true)->records);
  const BatchView view(as_bytes(all));
  CHECK(view.codec() == kafka::Codec::kZstd);
  CHECK(view.log_append_time());
  CHECK(view.max_timestamp() == kTime + 77);
  CHECK(view.crc_ok());
  CHECK(view.count() == 3);
}
