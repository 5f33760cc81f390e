// Fetch against the rules of KafkaApis.handleFetchRequest, ReplicaManager.readFromLocalLog and DelayedFetch @ 3.4.0.
#include "core/kafka/message/fetch.h"

#include "core/kafka/message/produce.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

using kafka::ErrorCode;
using kafka::FetchRequest;
using kafka::FetchResponse;

FetchRequest fetch(const std::string& topic, int32_t partition, Offset offset, int32_t max_wait_ms = 500) {
  FetchRequest request;
  request.replica_id = -1;
  request.max_wait_ms = max_wait_ms;
  request.min_bytes = 1;
  request.max_bytes = 50 << 20;
  FetchRequest::FetchPartition p;
  p.partition = partition;
  p.fetch_offset = offset;
  p.partition_max_bytes = 1 << 20;
  request.topics.push_back({topic, {1, 2}, {p}});
  return request;
}
void append(DataFixture& f, const std::string& topic, int32_t partition,
            std::initializer_list<std::string_view> values) {
  kafka::ProduceRequest request;
  request.acks = 1;
  request.topic_data.push_back({topic, {{partition, f.batch(values)}}});
  const auto response = f.call<kafka::ProduceResponse>(request, 9, "producer", 99);
  REQUIRE(response.responses[0].partition_responses[0].error_code == ErrorCode::kNone);
}
const auto& only(const FetchResponse& response) {
  REQUIRE(response.responses.size() == 1);
  REQUIRE(response.responses[0].partitions.size() == 1);
  return response.responses[0].partitions[0];
}
Offset base_offset(const FetchResponse::PartitionData& data) {
  REQUIRE(data.records.size() >= kafka::kBatchHeaderSize);
  return kafka::BatchView(data.records.slice().bytes()).base_offset();
}

TEST_CASE("every served version reads what was written") {
  DataFixture f;
  f.make_topic("t", 1);
  append(f, "t", 0, {"a", "b"});
  for (int16_t version = 4; version <= 13; ++version) {
    const auto response = f.call<FetchResponse>(fetch("t", 0, 0), version);
    CHECK(response.session_id == 0);
    CHECK(response.error_code == ErrorCode::kNone);
    const auto& p = only(response);
    CHECK(p.error_code == ErrorCode::kNone);
    CHECK(p.high_watermark == 2);
    CHECK(p.last_stable_offset == 2);
    CHECK(base_offset(p) == 0);
    CHECK(response.responses[0].topic == (version < 13 ? "t" : ""));
    CHECK(response.responses[0].topic_id == (version < 13 ? kafka::Uuid{} : kafka::Uuid{1, 2}));
  }
  CHECK(f.send(fetch("t", 0, 0), 3)->closed);
}

TEST_CASE("an unknown topic id waits with the rest; a wrong one is inconsistent") {
  DataFixture f;
  f.make_topic("t", 1);
  FetchRequest request = fetch("t", 0, 0);
  request.topics[0].topic_id = {9, 9};
  CHECK(only(f.call<FetchResponse>(request, 13)).error_code == ErrorCode::kUnknownTopicId);
  // The image knows the topic under a new id, the log still has the old one.
  MetadataUpdate update = f.cluster();
  update.topics.push_back({"t", {9, 9}, {{0, PartitionInfo{7, 0, 0, 0, {7}, {7}, {}}}}});
  f.broker->apply_metadata(update);
  CHECK(only(f.call<FetchResponse>(request, 13)).error_code == ErrorCode::kInconsistentTopicId);
}

TEST_CASE("offsets outside the log are OFFSET_OUT_OF_RANGE with nothing else known") {
  DataFixture f;
  f.make_topic("t", 1);
  append(f, "t", 0, {"a", "b", "c"});
  const auto above = only(f.call<FetchResponse>(fetch("t", 0, 4), 12));
  CHECK(above.error_code == ErrorCode::kOffsetOutOfRange);
  CHECK(above.high_watermark == -1);
  REQUIRE(f.store.log("t", 0).set_log_start_offset(2).has_value());
  CHECK(only(f.call<FetchResponse>(fetch("t", 0, 1), 12)).error_code == ErrorCode::kOffsetOutOfRange);
}

TEST_CASE("an empty fetch waits, and an append wakes it on its own reactor") {
  DataFixture f;
  f.make_topic("t", 1);
  const auto answer = f.send(fetch("t", 0, 0), 12);
  CHECK(answer->pending());
  append(f, "t", 0, {"a"});
  CHECK(answer->pending());
  CHECK(f.reactor.run() == 1);
  const auto p = only(f.decode<FetchResponse>(*answer, 12));
  CHECK(p.high_watermark == 1);
  CHECK(base_offset(p) == 0);
  CHECK(f.reactor.timers() == 0);
  // Nobody waits any more: an append posts nothing.
  append(f, "t", 0, {"b"});
  CHECK(f.reactor.run() == 0);
}

TEST_CASE("max_wait ends an empty fetch without an error") {
  DataFixture f;
  f.make_topic("t", 1);
  const auto answer = f.send(fetch("t", 0, 0, 300), 12);
  f.reactor.advance(ms(299));
  CHECK(answer->pending());
  f.reactor.advance(ms(1));
  const auto p = only(f.decode<FetchResponse>(*answer, 12));
  CHECK(p.error_code == ErrorCode::kNone);
  CHECK(p.records.size() == 0);
  CHECK_FALSE(p.records.is_null());  // Java's clients want an empty set, not null
}

TEST_CASE("max_wait 0 never waits") {
  DataFixture f;
  f.make_topic("t", 1);
  CHECK(only(f.call<FetchResponse>(fetch("t", 0, 0, 0), 12)).error_code == ErrorCode::kNone);
  CHECK(f.reactor.timers() == 0);
}

TEST_CASE("min_bytes holds small appends back until together they are enough") {
  DataFixture f;
  f.make_topic("t", 2);
  const auto bytes = static_cast<int32_t>(f.batch({"a"}).size());
  FetchRequest request = fetch("t", 0, 0);
  FetchRequest::FetchPartition second = request.topics[0].partitions[0];
  second.partition = 1;
  request.topics[0].partitions.push_back(second);
  request.min_bytes = 3 * bytes;
  const auto answer = f.send(request, 12);
  append(f, "t", 0, {"a"});
  append(f, "t", 1, {"a"});
  f.reactor.run();
  CHECK(answer->pending());
  append(f, "t", 1, {"a"});
  f.reactor.run();
  const auto response = f.decode<FetchResponse>(*answer, 12);
  CHECK(response.responses[0].partitions[0].records.size() == static_cast<size_t>(bytes));
  CHECK(response.responses[0].partitions[1].records.size() == static_cast<size_t>(2 * bytes));
}

TEST_CASE("an append between the first look and the registration is not lost") {
  DataFixture f;
  f.make_topic("t", 1);
  // Data that is there already satisfies the second look, without any wake-up.
  append(f, "t", 0, {"a"});
  FetchRequest request = fetch("t", 0, 0);
  request.min_bytes = 1;
  CHECK_FALSE(f.send(request, 12)->pending());
}

TEST_CASE("the first batch comes whole even above every limit, later partitions respect them") {
  DataFixture f;
  f.make_topic("t", 2);
  append(f, "t", 0, {std::string(3000, 'x')});
  append(f, "t", 0, {std::string(3000, 'y')});
  append(f, "t", 1, {std::string(3000, 'z')});
  FetchRequest request = fetch("t", 0, 0);
  request.topics[0].partitions[0].partition_max_bytes = 10;
  FetchRequest::FetchPartition second = request.topics[0].partitions[0];
  second.partition = 1;
  second.partition_max_bytes = 1 << 20;
  request.topics[0].partitions.push_back(second);
  request.max_bytes = 3100;
  const auto response = f.call<FetchResponse>(request, 12);
  const auto& p0 = response.responses[0].partitions[0];
  const auto& p1 = response.responses[0].partitions[1];
  CHECK(p0.records.size() > 3000);
  CHECK(p0.records.size() < 3200);  // one batch, not two
  CHECK(p1.records.size() == 0);    // what is left of max_bytes is smaller than its batch
  CHECK(p1.error_code == ErrorCode::kNone);
}

TEST_CASE("the broker's fetch.max.bytes bounds a request's") {
  DataFixture f(ConfigMap{{"fetch.max.bytes", "1024"}});
  f.make_topic("t", 1);
  for (int i = 0; i < 10; ++i) append(f, "t", 0, {std::string(500, 'x')});
  CHECK(only(f.call<FetchResponse>(fetch("t", 0, 0), 12)).records.size() <= 1200);
}

TEST_CASE("consumers see up to the high watermark, read_committed to the last stable offset") {
  DataFixture f;
  f.make_topic("t", 1);
  append(f, "t", 0, {"a"});
  append(f, "t", 0, {"b"});
  FakeLog& log = f.store.log("t", 0);
  log.set_last_stable(1);
  log.aborted = {{77, 0}};
  FetchRequest request = fetch("t", 0, 0, 0);
  const auto all = only(f.call<FetchResponse>(request, 12));
  CHECK_FALSE(all.aborted_transactions.has_value());
  request.isolation_level = 1;
  const auto committed = only(f.call<FetchResponse>(request, 12));
  CHECK(committed.records.size() < all.records.size());
  CHECK(committed.last_stable_offset == 1);
  REQUIRE(committed.aborted_transactions.has_value());
  CHECK(committed.aborted_transactions->at(0).producer_id == 77);
  log.force_high_watermark(1);
  request.isolation_level = 0;
  CHECK(only(f.call<FetchResponse>(request, 12)).records.size() == committed.records.size());
}

TEST_CASE("leader epochs of the request are judged first") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {DataFixture::kSelf}, 4);
  append(f, "t", 0, {"a"});
  FetchRequest request = fetch("t", 0, 0);
  request.topics[0].partitions[0].current_leader_epoch = 3;
  CHECK(only(f.call<FetchResponse>(request, 12)).error_code == ErrorCode::kFencedLeaderEpoch);
  request.topics[0].partitions[0].current_leader_epoch = 5;
  CHECK(only(f.call<FetchResponse>(request, 12)).error_code == ErrorCode::kUnknownLeaderEpoch);
  request.topics[0].partitions[0].current_leader_epoch = 4;
  CHECK(only(f.call<FetchResponse>(request, 12)).error_code == ErrorCode::kNone);
}

TEST_CASE("a reader whose epoch ended earlier than its offset is told where to truncate") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {DataFixture::kSelf}, 0);
  append(f, "t", 0, {"a"});
  LeaderAndIsrUpdate again;
  again.partitions.push_back({{"t", 0}, {1, 2}, 0, 7, 2, {7}, 1, {7}, false});
  REQUIRE(f.broker->become_leader_or_follower(again).partitions.at(0).code == ErrorCode::kNone);
  append(f, "t", 0, {"b"});
  FetchRequest request = fetch("t", 0, 2);
  request.topics[0].partitions[0].last_fetched_epoch = 0;
  const auto p = only(f.call<FetchResponse>(request, 12));
  CHECK(p.diverging_epoch.epoch == 0);
  CHECK(p.diverging_epoch.end_offset == 1);
  CHECK(p.records.size() == 0);
}

TEST_CASE("deletion and leadership loss end a wait") {
  DataFixture f;
  f.make_topic("t", 2);
  const auto deleted = f.send(fetch("t", 0, 0), 12, "c", 1);
  const auto moved = f.send(fetch("t", 1, 0), 12, "c", 2);
  StopReplicaUpdate stop;
  stop.partitions.push_back({{"t", 0}, -2, true});
  f.broker->stop_replicas(stop);
  LeaderAndIsrUpdate away;
  away.partitions.push_back({{"t", 1}, {1, 2}, 0, 8, 1, {8}, 1, {7, 8}, false});
  f.broker->become_leader_or_follower(away);
  f.reactor.run();
  CHECK(only(f.decode<FetchResponse>(*deleted, 12)).error_code == ErrorCode::kNotLeaderOrFollower);
  CHECK(only(f.decode<FetchResponse>(*moved, 12)).error_code == ErrorCode::kNotLeaderOrFollower);
  CHECK(f.store.logs.count({"t", 0}) == 0);
}

TEST_CASE("a failed directory ends a wait") {
  DataFixture f;
  f.make_topic("t", 1);
  const auto answer = f.send(fetch("t", 0, 0), 12);
  f.store.log("t", 0).is_offline = true;
  f.store.on_directory_failed("/data", "EIO");
  f.reactor.run();
  CHECK(only(f.decode<FetchResponse>(*answer, 12)).error_code == ErrorCode::kKafkaStorageError);
}

TEST_CASE("a closed connection drops its wait and its slots") {
  DataFixture f;
  f.make_topic("t", 1);
  const auto answer = f.send(fetch("t", 0, 0), 12, "c", 5);
  f.broker->on_closed(5);
  f.reactor.run();
  CHECK(f.reactor.timers() == 0);
  append(f, "t", 0, {"a"});
  CHECK(f.reactor.run() == 0);
  CHECK_FALSE(answer->frame.has_value());
}

TEST_CASE("requests within a session are told that it does not exist") {
  DataFixture f;
  f.make_topic("t", 1);
  FetchRequest request = fetch("t", 0, 0, 0);
  request.session_epoch = 0;
  CHECK(f.call<FetchResponse>(request, 12).session_id == 0);
  request.session_id = 123;
  request.session_epoch = 1;
  const auto refused = f.call<FetchResponse>(request, 12);
  CHECK(refused.error_code == ErrorCode::kFetchSessionIdNotFound);
  CHECK(refused.responses.empty());
}

TEST_CASE("operations that still wait when the broker ends are let go, and nothing keeps them") {
  DataFixture f;
  f.make_topic("t", 2, {1, 2}, {7, 8});  // 8 never fetches: acks=all waits
  FetchRequest request = fetch("t", 0, 0, 60000);
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions[1].partition = 1;
  const auto reading = f.send(request, 12);
  kafka::ProduceRequest produce;
  produce.acks = -1;
  produce.timeout_ms = 60000;
  produce.topic_data.push_back({"t", {{0, f.batch({"x"})}}});
  const auto writing = f.send(produce, 9, "producer", 2);
  f.reactor.run();
  REQUIRE(reading->pending());
  REQUIRE(writing->pending());
  f.reactor.forget();
  CHECK(reading.use_count() == 2);  // partitions hold them
  CHECK(writing.use_count() == 2);
  f.broker.reset();
  CHECK(reading.use_count() == 1);
  CHECK(writing.use_count() == 1);
}

TEST_CASE("a replica that is not assigned is refused by the rule of its version") {
  DataFixture f;
  f.make_topic("t", 1);
  FetchRequest request = fetch("t", 0, 0, 0);
  request.replica_id = 3;
  CHECK(only(f.call<FetchResponse>(request, 12)).error_code == ErrorCode::kNotLeaderOrFollower);
  request.topics[0].partitions[0].current_leader_epoch = 0;
  CHECK(only(f.call<FetchResponse>(request, 12)).error_code == ErrorCode::kUnknownLeaderEpoch);
}

TEST_CASE("old clients are not shown KAFKA_STORAGE_ERROR") {
  DataFixture f;
  f.make_topic("t", 1);
  f.store.log("t", 0).is_offline = true;
  CHECK(only(f.call<FetchResponse>(fetch("t", 0, 0), 5)).error_code == ErrorCode::kNotLeaderOrFollower);
  CHECK(only(f.call<FetchResponse>(fetch("t", 0, 0), 6)).error_code == ErrorCode::kKafkaStorageError);
}

}  // namespace
}  // namespace kz::broker::test
