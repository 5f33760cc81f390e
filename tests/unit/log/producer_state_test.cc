// Idempotent and transactional producers: server.md section 10, KIP-98, KIP-360; snapshot bytes.
#include "core/log/producer_state.h"

#include <doctest/doctest.h>

#include "core/bytes/reader.h"

using namespace kz;
using namespace kz::log_state;
using kafka::ErrorCode;

namespace {

ProducerBatchInfo batch(int64_t id, int16_t epoch, int32_t first_sequence, int count, Offset first_offset,
                        bool transactional = false, int64_t timestamp = 1000) {
  ProducerBatchInfo b;
  b.producer_id = id;
  b.epoch = epoch;
  b.first_sequence = first_sequence;
  b.last_sequence = kafka::increment_sequence(first_sequence, count - 1);
  b.first_offset = first_offset;
  b.last_offset = first_offset + count - 1;
  b.timestamp = timestamp;
  b.transactional = transactional;
  return b;
}
ProducerBatchInfo marker(int64_t id, int16_t epoch, Offset offset, kafka::ControlType type, int32_t coordinator = 0) {
  ProducerBatchInfo b;
  b.producer_id = id;
  b.epoch = epoch;
  b.first_offset = b.last_offset = offset;
  b.timestamp = 2000;
  b.transactional = true;
  b.marker = kafka::EndTxnMarker{type, coordinator};
  return b;
}
ErrorCode check(const ProducerStateTable& t, const ProducerBatchInfo& b, AppendOrigin origin = AppendOrigin::kClient) {
  const auto refusal = t.check(b, origin, "t-0");
  return refusal ? refusal->code : ErrorCode::kNone;
}

}  // namespace

TEST_CASE("any first sequence without state; then exactly the next; wrap at 2147483647") {
  ProducerStateTable t;
  CHECK(check(t, batch(1, 0, 500, 3, 0)) == ErrorCode::kNone);  // KIP-360
  t.apply(batch(1, 0, 500, 3, 0));
  CHECK(check(t, batch(1, 0, 503, 1, 3)) == ErrorCode::kNone);
  CHECK(check(t, batch(1, 0, 504, 1, 3)) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(check(t, batch(1, 0, 502, 1, 3)) == ErrorCode::kOutOfOrderSequenceNumber);
  t.apply(batch(2, 0, INT32_MAX - 1, 2, 3));
  CHECK(check(t, batch(2, 0, 0, 1, 5)) == ErrorCode::kNone);
  CHECK(check(t, batch(2, 0, 1, 1, 5)) == ErrorCode::kOutOfOrderSequenceNumber);
  // A batch may wrap inside.
  ProducerStateTable w;
  w.apply(batch(3, 0, INT32_MAX, 3, 0));
  CHECK(w.find(3)->last_sequence() == 1);
  CHECK(w.find_duplicate(batch(3, 0, INT32_MAX, 3, 99))->first_offset() == 0);
}

TEST_CASE("the last five batches are known again, by both sequences and the epoch") {
  ProducerStateTable t;
  for (int i = 0; i < 6; ++i) t.apply(batch(1, 0, 10 * i, 10, 100 + 10 * i, false, 1000 + i));
  CHECK(!t.find_duplicate(batch(1, 0, 0, 10, 0)));
  for (int i = 1; i < 6; ++i) {
    const auto d = t.find_duplicate(batch(1, 0, 10 * i, 10, 0));
    REQUIRE(d);
    CHECK(d->first_offset() == 100 + 10 * i);
    CHECK(d->timestamp == 1000 + i);
  }
  CHECK(!t.find_duplicate(batch(1, 0, 10, 9, 0)));
  CHECK(!t.find_duplicate(batch(1, 1, 10, 10, 0)));
  CHECK(!t.find_duplicate(batch(2, 0, 10, 10, 0)));
}

TEST_CASE("epochs: older is fenced, newer starts at 0 and forgets the batches") {
  ProducerStateTable t;
  t.apply(batch(1, 5, 0, 1, 0));
  CHECK(check(t, batch(1, 4, 1, 1, 1)) == ErrorCode::kInvalidProducerEpoch);
  CHECK(check(t, batch(1, 4, 1, 1, 1), AppendOrigin::kCoordinator) == ErrorCode::kInvalidProducerEpoch);
  CHECK(check(t, batch(1, 4, 1, 1, 1), AppendOrigin::kReplication) == ErrorCode::kNone);
  CHECK(check(t, batch(1, 6, 1, 1, 1)) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(check(t, batch(1, 6, 1, 1, 1), AppendOrigin::kCoordinator) == ErrorCode::kNone);  // epoch check only
  CHECK(check(t, batch(1, 6, 0, 1, 1)) == ErrorCode::kNone);
  t.apply(batch(1, 6, 0, 1, 1));
  CHECK(t.find(1)->batch_count == 1);
}

TEST_CASE("after a marker raised the epoch the next sequence is 0") {
  ProducerStateTable t;
  t.apply(batch(1, 0, 0, 3, 0, true));
  const auto ended = t.apply(marker(1, 1, 3, kafka::ControlType::kAbort));
  REQUIRE(ended);
  t.complete(*ended);
  CHECK(check(t, batch(1, 1, 3, 1, 4)) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(check(t, batch(1, 1, 0, 1, 4)) == ErrorCode::kNone);
}

TEST_CASE("transactions: first unstable offset, completion, replication, non-transactional writes inside") {
  ProducerStateTable t;
  CHECK(t.first_unstable_offset() == -1);
  t.apply(batch(1, 0, 0, 2, 10, true));
  t.apply(batch(2, 0, 0, 2, 12, true));
  t.apply(batch(1, 0, 2, 2, 14, true));
  CHECK(t.first_unstable_offset() == 10);
  CHECK(check(t, batch(1, 0, 4, 1, 16, false)) == ErrorCode::kInvalidTxnState);
  const auto first = t.apply(marker(1, 0, 16, kafka::ControlType::kAbort));
  REQUIRE(first);
  CHECK(first->aborted);
  CHECK(first->first_offset == 10);
  CHECK(first->last_offset == 16);
  CHECK(t.last_stable_offset(*first) == 12);  // the other one is open
  t.complete(*first);
  CHECK(t.first_unstable_offset() == 10);
  t.on_high_watermark(16);
  CHECK(t.first_unstable_offset() == 10);  // the marker itself is not replicated
  t.on_high_watermark(17);
  CHECK(t.first_unstable_offset() == 12);
  const auto second = t.apply(marker(2, 0, 17, kafka::ControlType::kCommit));
  REQUIRE(second);
  CHECK(!second->aborted);
  CHECK(t.last_stable_offset(*second) == 18);
  t.complete(*second);
  t.on_high_watermark(18);
  CHECK(t.first_unstable_offset() == -1);
  // A marker without a transaction ends nothing.
  CHECK(!t.apply(marker(2, 0, 18, kafka::ControlType::kCommit)));
  CHECK(check(t, marker(2, 0, 19, kafka::ControlType::kCommit, -1), AppendOrigin::kCoordinator) ==
        ErrorCode::kTransactionCoordinatorFenced);
}

TEST_CASE("idle producers expire, those in a transaction do not") {
  ProducerStateTable t(1000);
  t.apply(batch(1, 0, 0, 1, 0, false, 5000));
  t.apply(batch(2, 0, 0, 1, 1, true, 5000));
  t.remove_expired(5999);
  CHECK(t.size() == 2);
  t.remove_expired(6000);
  CHECK(t.size() == 1);
  CHECK(t.find(2) != nullptr);
}

TEST_CASE("snapshots have Kafka's bytes and keep the last batch and the open transaction") {
  ProducerStateTable t;
  t.apply(batch(7, 2, 0, 4, 100, false, 1111));
  t.apply(batch(7, 2, 4, 4, 104, true, 2222));
  const std::string bytes = t.encode_snapshot();
  CHECK(bytes.size() == 10 + 46);
  Reader r(as_bytes(bytes));
  CHECK(r.i16() == 1);
  r.u32();
  CHECK(r.i32() == 1);
  CHECK(r.i64() == 7);
  CHECK(r.i16() == 2);
  CHECK(r.i32() == 7);
  CHECK(r.i64() == 107);
  CHECK(r.i32() == 3);
  CHECK(r.i64() == 2222);
  CHECK(r.i32() == -1);
  CHECK(r.i64() == 104);
  CHECK(r.at_end());

  ProducerStateTable back;
  REQUIRE(back.load_snapshot(bytes, 108, 3000));
  CHECK(back.end_offset() == 108);
  CHECK(back.first_unstable_offset() == 104);
  CHECK(check(back, batch(7, 2, 8, 1, 108, true)) == ErrorCode::kNone);
  CHECK(back.find_duplicate(batch(7, 2, 4, 4, 0)));
  CHECK(!back.find_duplicate(batch(7, 2, 0, 4, 0)));
  CHECK(back.encode_snapshot() == bytes);

  for (size_t n = 0; n < bytes.size(); ++n) CHECK(!back.load_snapshot(bytes.substr(0, n), 0, 0));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    CHECK(!back.load_snapshot(bad, 0, 0));
  }
  CHECK(back.end_offset() == 108);  // nothing changed
  CHECK(ProducerStateTable().encode_snapshot().size() == 10);
}

TEST_CASE("sequence arithmetic and expiry hold for whatever numbers a client sends") {
  static_assert(kafka::increment_sequence(INT32_MAX, 1) == 0);
  static_assert(kafka::increment_sequence(INT32_MAX - 1, 3) == 1);
  static_assert(kafka::increment_sequence(5, -3) == 2);
  static_assert(kafka::increment_sequence(INT32_MAX, INT32_MAX) == INT32_MAX - 1);
  static_assert(kafka::increment_sequence(INT32_MAX, -1) == INT32_MAX - 1);
  static_assert(kafka::decrement_sequence(0, 1) == INT32_MAX);
  static_assert(kafka::decrement_sequence(3, -4) == 7);
  static_assert(kafka::decrement_sequence(0, INT32_MAX) == 1);
  // Ages of more than an int64 holds are old, not negative; the future is young.
  constexpr int64_t kNow = 1'700'000'000'000;
  for (const auto& [timestamp, stays] : std::initializer_list<std::pair<int64_t, bool>>{
           {INT64_MIN, false}, {INT64_MIN + 1, false}, {-1, false}, {kNow, true}, {INT64_MAX, true}}) {
    ProducerStateTable t(86'400'000);
    t.apply(batch(1, 0, 0, 1, 0, false, timestamp));
    t.remove_expired(kNow);
    CAPTURE(timestamp);
    CHECK((t.size() == 1) == stays);
  }
  ProducerStateTable forever(INT64_MAX);
  forever.apply(batch(1, 0, 0, 1, 0, false, -5));
  forever.remove_expired(kNow);
  CHECK(forever.size() == 1);
}
