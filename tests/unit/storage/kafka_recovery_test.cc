// Opening a log after a clean stop, a crash, a torn tail, damage and a power loss.
#include "storage/kafka/names.h"
#include "storage/kafka/producer_snapshot.h"
#include "tests/unit/storage/kafka_log_fixture.h"

using namespace kz;
using namespace kz::test;

namespace {

std::string segment(Offset base) { return "/data/t-0/" + storage::segment_file_name(base, ".log"); }
std::string index(Offset base) { return "/data/t-0/" + storage::segment_file_name(base, ".index"); }
std::string time_index(Offset base) { return "/data/t-0/" + storage::segment_file_name(base, ".timeindex"); }

// Five batches of two records from one producer.
std::shared_ptr<Log> write_five(LogFixture& f) {
  auto log = f.create();
  for (int i = 0; i < 5; ++i)
    REQUIRE(append(*log, batch_of(2, kTime + i, {.producer_id = 3, .producer_epoch = 1, .base_sequence = 2 * i}), i));
  return log;
}

std::vector<Offset> all_bases(Log& log) {
  std::vector<Offset> out;
  for (Offset next = log.log_start_offset(); next < log.log_end_offset();) {
    const auto bases = read_bases(log, next);
    REQUIRE(!bases.empty());
    out.insert(out.end(), bases.begin(), bases.end());
    REQUIRE(bases.back() >= next);
    next = bases.back() + 1;
    while (next < log.log_end_offset() && !read_bases(log, next).empty() && read_bases(log, next).front() < next)
      ++next;
  }
  return out;
}

}  // namespace

TEST_CASE("a clean stop is trusted: nothing is scanned, producers and epochs come from their files") {
  LogFixture f;
  REQUIRE(write_five(f)->close());
  CHECK(f.disk.present("/data/t-0/00000000000000000010.snapshot"));
  CHECK(f.disk.contents("/data/t-0/leader-epoch-checkpoint") == "0\n5\n0 0\n1 2\n2 4\n3 6\n4 8\n");
  // Damage in the middle goes unseen: that is what trust means, and that nothing was scanned.
  f.disk.flip_bit(segment(0), 100, 0);
  auto log = f.load(true);
  CHECK(log->log_end_offset() == 10);
  CHECK(log->recovery_point() == 10);
  CHECK(log->producers().at(0).last_sequence == 9);
  CHECK(log->latest_epoch() == 4);
  CHECK(append(*log, batch_of(1), 4)->first_offset == 10);
}

TEST_CASE("a torn tail of any length is cut at the last whole batch") {
  LogFixture f;
  write_five(f).reset();
  const std::string whole = f.disk.contents(segment(0));
  const size_t batch = batch_of(2, kTime, {.producer_id = 3, .producer_epoch = 1, .base_sequence = 0}).size();
  REQUIRE(whole.size() == 5 * batch);
  for (size_t size = 3 * batch; size <= whole.size(); ++size) {
    f.disk.put(segment(0), std::string_view(whole).substr(0, size));
    auto log = f.load(false);
    const auto kept = static_cast<Offset>(size / batch);
    REQUIRE(log->log_end_offset() == 2 * kept);
    REQUIRE(log->size_bytes() == kept * static_cast<int64_t>(batch));
    REQUIRE(log->producers().at(0).last_sequence == 2 * kept - 1);
    REQUIRE(log->latest_epoch() == kept - 1);
    // The producer's next batch fits, so the state is right and not merely present.
    REQUIRE(append(
        *log,
        batch_of(2, kTime, {.producer_id = 3, .producer_epoch = 1, .base_sequence = static_cast<int32_t>(2 * kept)}),
        7));
  }
}

TEST_CASE("a changed byte anywhere in the last batches cuts there") {
  LogFixture f;
  write_five(f).reset();
  const std::string whole = f.disk.contents(segment(0));
  const size_t batch = whole.size() / 5;
  for (size_t at = 3 * batch; at < 4 * batch; ++at) {
    f.disk.put(segment(0), whole);
    f.disk.flip_bit(segment(0), static_cast<int64_t>(at), static_cast<int>(at % 8));
    auto log = f.load(false);
    // The base offset and the leader epoch lie outside the CRC: a flip there may pass, or break the order.
    const size_t in_batch = at - 3 * batch;
    if (in_batch < 8 || (in_batch >= 12 && in_batch < 16)) {
      REQUIRE(log->log_end_offset() >= 6);
    } else {
      REQUIRE(log->log_end_offset() == 6);
    }
  }
}

TEST_CASE("segments behind a cut go; those below the recovery point are not read") {
  LogFixture f;
  f.config.segment_bytes = static_cast<int64_t>(batch_of(2).size()) * 2;
  {
    auto log = f.create();
    for (int i = 0; i < 10; ++i) REQUIRE(append(*log, batch_of(2, kTime + i)));
    REQUIRE(log->segment_count() == 5);
  }
  f.disk.flip_bit(segment(0), 100, 1);  // below the recovery point: unseen
  f.disk.flip_bit(segment(8), 40, 1);   // its first batch
  auto log = f.load(false, 6);
  CHECK(log->log_end_offset() == 8);
  CHECK(log->segment_count() == 3);
  CHECK(!f.disk.present(segment(12)));
  CHECK(!f.disk.present(index(16)));
  CHECK(log->recovery_point() == 6);
  CHECK(append(*log, batch_of(1))->first_offset == 8);
}

TEST_CASE("missing and damaged indexes are rebuilt to what they were") {
  LogFixture f;
  f.config.index_interval_bytes = 100;
  f.config.segment_bytes = 1500;
  {
    auto log = f.create();
    for (int i = 0; i < 40; ++i) REQUIRE(append(*log, batch_of(2, kTime + 10 * i)));
    REQUIRE(log->segment_count() >= 3);
    REQUIRE(log->close());
  }
  const std::string first = f.disk.contents(index(0));
  const std::string first_times = f.disk.contents(time_index(0));
  REQUIRE(first.size() > 40);
  SUBCASE("missing") { REQUIRE(f.disk.remove(index(0))); }
  SUBCASE("odd size") { f.disk.put(index(0), first.substr(0, 13)); }
  SUBCASE("an unclean stop rebuilds them all") {
    f.disk.put(index(0), std::string(4096, '\0'));
    f.disk.put(time_index(0), std::string(1200, '\0'));
  }
  const bool unclean =
      f.disk.contents(segment(0)).empty() || (f.disk.present(index(0)) && f.disk.contents(index(0)).size() == 4096);
  auto log = f.load(!unclean);
  CHECK(f.disk.contents(index(0)) == first);
  CHECK(f.disk.contents(time_index(0)) == first_times);
  CHECK(all_bases(*log).size() == 40);
  CHECK(log->find_by_timestamp(kTime + 105)->offset == 22);
}

TEST_CASE("orphans, leftovers of deletion and an interrupted compaction are cleared") {
  LogFixture f;
  REQUIRE(write_five(f)->close());
  f.disk.put("/data/t-0/00000000000000000077.index", "12345678");
  f.disk.put("/data/t-0/00000000000000000000.log.deleted", "x");
  f.disk.put("/data/t-0/00000000000000000000.log.cleaned", "x");
  f.disk.put("/data/t-0/leader-epoch-checkpoint.tmp", "x");
  SUBCASE("plain") {
    auto log = f.load(true);
    CHECK(log->log_end_offset() == 10);
  }
  SUBCASE("a .swap that was half done is dropped") {
    f.disk.put("/data/t-0/00000000000000000000.log.swap", "x");
    auto log = f.load(true);
    CHECK(log->log_end_offset() == 10);
    CHECK(!f.disk.present("/data/t-0/00000000000000000000.log.swap"));
  }
  SUBCASE("a complete .swap replaces its range") {
    REQUIRE(f.disk.remove("/data/t-0/00000000000000000000.log.cleaned"));
    const std::string whole = f.disk.contents(segment(0));
    f.disk.put("/data/t-0/00000000000000000000.log.swap", whole.substr(whole.size() / 5 * 4));  // compacted to the last
    auto log = f.load(true);
    CHECK(log->log_end_offset() == 10);
    CHECK(read_bases(*log, 0) == std::vector<Offset>{8});
  }
  CHECK(!f.disk.present("/data/t-0/00000000000000000077.index"));
  CHECK(!f.disk.present("/data/t-0/00000000000000000000.log.deleted"));
  CHECK(!f.disk.present("/data/t-0/00000000000000000000.log.cleaned"));
  CHECK(!f.disk.present("/data/t-0/leader-epoch-checkpoint.tmp"));
}

TEST_CASE("a log whose end lies below its checkpointed start begins anew there") {
  LogFixture f;
  write_five(f).reset();
  auto log = f.load(false, 0, 500);
  CHECK(log->log_start_offset() == 500);
  CHECK(log->log_end_offset() == 500);
  CHECK(!f.disk.present(segment(0)));
  CHECK(append(*log, batch_of(1))->first_offset == 500);
}

TEST_CASE("the checkpointed start hides what lies below it, and the epochs follow") {
  LogFixture f;
  REQUIRE(write_five(f)->close());
  auto log = f.load(true, 0, 5);
  CHECK(log->log_start_offset() == 5);
  CHECK(log->read(4, 1, INT64_MAX, true).error().code == Errc::kOutOfRange);
  CHECK(log->end_offset_for_epoch(2).end_offset == 6);
  CHECK(log->epoch_for_offset(4) == -1);
}

TEST_CASE("a damaged snapshot or epoch file costs a scan, not the state") {
  LogFixture f;
  REQUIRE(write_five(f)->close());
  SUBCASE("snapshot") { f.disk.flip_bit("/data/t-0/00000000000000000010.snapshot", 20, 0); }
  SUBCASE("epochs") { f.disk.put("/data/t-0/leader-epoch-checkpoint", "0\n7\n1 x\n"); }
  SUBCASE("partition.metadata emptied by a power loss") { f.disk.put("/data/t-0/partition.metadata", ""); }
  auto log = f.load(true);
  CHECK(log->producers().at(0).last_sequence == 9);
  CHECK(log->latest_epoch() == 4);
  CHECK(log->end_offset_for_epoch(1).end_offset == 4);
}

TEST_CASE("open transactions and aborted ones survive a crash in the middle") {
  LogFixture f;
  const auto transactional = [](int64_t id, int32_t sequence) {
    return batch_of(1, kTime,
                    {.producer_id = id, .producer_epoch = 0, .base_sequence = sequence, .transactional = true});
  };
  {
    auto log = f.create();
    REQUIRE(append(*log, transactional(1, 0)));  // 0
    REQUIRE(append(*log, transactional(2, 0)));  // 1
    REQUIRE(append(*log, kafka::build_end_txn_marker(0, kTime, 0, 1, 0, {kafka::ControlType::kAbort, 0}), 0,
                   AppendOrigin::kCoordinator));  // 2
    REQUIRE(append(*log, transactional(1, 1)));   // 3
  }
  const std::string entry = f.disk.contents("/data/t-0/00000000000000000000.txnindex");
  auto log = f.load(false);
  CHECK(f.disk.contents("/data/t-0/00000000000000000000.txnindex") == entry);
  log->set_high_watermark(4);
  CHECK(log->last_stable_offset() == 1);
  CHECK(log->aborted_transactions(0, 4).size() == 1);
  CHECK(log->producers().at(0).current_txn_start_offset == 3);
}

TEST_CASE("power loss at any operation loses only what was not flushed") {
  // Writes with a flush in the middle; the power goes at the n-th operation; what was flushed must be there in order.
  for (int64_t n = 1; n < 400; ++n) {
    LogFixture f(static_cast<uint64_t>(n));
    f.config.segment_bytes = static_cast<int64_t>(batch_of(2).size()) * 2;
    f.disk.sync_all();
    Offset durable = 0;
    Offset recovery_point = 0;
    bool finished = false;
    f.disk.cut_power_at(n);
    [&] {
      auto state = storage::create_log(f.disk, f.dir, f.tp, kTime, 86'400'000);
      if (!state) return;
      auto log = std::make_shared<Log>(std::move(*state), f.environment, f.config);
      for (int i = 0; i < 8; ++i) {
        bool ok = false;
        log->append_as_leader(batch_of(2, kTime + i), i / 3, AppendOrigin::kClient, 9, at(kTime),
                              [&](AppendResult r) { ok = r.has_value(); });
        if (!ok) return;
        if (i % 3 == 2) {
          if (!log->flush()) return;
          durable = log->log_end_offset();
          recovery_point = log->recovery_point();
        }
      }
      if (!log->close()) return;
      durable = log->log_end_offset();
      finished = true;
    }();
    if (!finished) f.disk.power_loss();
    if (!f.disk.present(f.dir)) {
      REQUIRE(durable == 0);
      continue;
    }
    if (finished) f.disk.power_loss();
    auto log = f.load(false, recovery_point);
    REQUIRE(log->log_end_offset() >= durable);
    // Above what was flushed a segment may have lost its end while the next one is there: a gap, as in Kafka.
    for (Offset o = log->log_start_offset(); o < log->log_end_offset(); o += 2) {
      auto r = log->read(o, 1, INT64_MAX, true);
      REQUIRE(r);
      const std::string bytes = bytes_of(r->records);
      if (o >= durable && bytes.empty()) break;
      const BatchView batch(as_bytes(bytes));
      REQUIRE(batch.crc_ok());
      REQUIRE((o < durable ? batch.base_offset() == o : batch.base_offset() >= o));
      REQUIRE(batch.base_timestamp() == kTime + batch.base_offset() / 2);
      REQUIRE(log->epoch_for_offset(batch.base_offset()) == batch.base_offset() / 6);
    }
    REQUIRE(append(*log, batch_of(1), 9));
    if (finished) return;
  }
  FAIL("the run never finished untouched");
}

TEST_CASE("an I/O error at any operation is reported, and a restart serves what was acknowledged and flushed") {
  for (int64_t n = 1; n < 400; ++n) {
    LogFixture f(static_cast<uint64_t>(n));
    f.config.segment_bytes = static_cast<int64_t>(batch_of(2).size()) * 2;
    f.disk.fail_nth_operation(n);
    Offset acknowledged = 0;
    bool failed = false;
    [&] {
      auto state = storage::create_log(f.disk, f.dir, f.tp, kTime, 86'400'000);
      failed = !state;
      if (failed) return;
      auto log = std::make_shared<Log>(std::move(*state), f.environment, f.config);
      for (int i = 0; i < 6 && !failed; ++i)
        log->append_as_leader(batch_of(2, kTime + i), 0, AppendOrigin::kClient, 9, at(kTime), [&](AppendResult r) {
          failed = !r;
          if (r) acknowledged = r->last_offset + 1;
        });
      failed = failed || !f.failures.empty() || !log->close();
    }();
    if (!failed) {
      REQUIRE(f.failures.empty());
      REQUIRE(acknowledged == 12);
      return;
    }
    f.disk.fail_nth_operation(0);
    if (!f.disk.present(f.dir)) continue;
    auto log = f.load(false);  // the process died: the page cache, here the disk, still has it all
    REQUIRE(log->log_end_offset() >= acknowledged);
    REQUIRE(append(*log, batch_of(1)));
  }
  FAIL("the run never finished untouched");
}

TEST_CASE("a damaged index after a clean stop costs no producer its sequences") {
  // Rebuilding a segment removes the producer snapshots beyond it; that is no directory without any.
  LogFixture f;
  f.config.segment_bytes = static_cast<int64_t>(batch_of(2).size()) * 2;
  REQUIRE(write_five(f)->close());
  for (const Offset base : {Offset{0}, Offset{4}, Offset{8}}) REQUIRE(f.disk.remove(index(base)));
  auto log = f.load(true);
  CHECK(log->log_end_offset() == 10);
  REQUIRE(log->producers().size() == 1);
  CHECK(log->producers().at(0).last_sequence == 9);
  // A retry of the last batch is known, and not written twice.
  const auto again =
      append(*log, batch_of(2, kTime + 4, {.producer_id = 3, .producer_epoch = 1, .base_sequence = 8}), 4);
  REQUIRE(again);
  CHECK(again->first_offset == 8);
  CHECK(log->log_end_offset() == 10);
}
