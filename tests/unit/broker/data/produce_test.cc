// Produce against the rules of KafkaApis.handleProduceRequest, ReplicaManager.appendRecords and DelayedProduce @ 3.4.0.
#include "core/kafka/message/produce.h"

#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

using kafka::ErrorCode;
using kafka::ProduceRequest;
using kafka::ProduceResponse;

ProduceRequest produce(const std::string& topic, int32_t partition, Slice records, int16_t acks = -1) {
  ProduceRequest request;
  request.acks = acks;
  request.timeout_ms = 1500;
  request.topic_data.push_back({topic, {{partition, std::move(records)}}});
  return request;
}
const auto& only(const ProduceResponse& response) {
  REQUIRE(response.responses.size() == 1);
  REQUIRE(response.responses[0].partition_responses.size() == 1);
  return response.responses[0].partition_responses[0];
}

TEST_CASE("every served version appends and answers the offsets") {
  DataFixture f;
  f.make_topic("t", 1);
  Offset next = 0;
  for (int16_t version = 3; version <= 9; ++version) {
    const auto p = only(f.call<ProduceResponse>(produce("t", 0, f.batch({"a", "b"})), version));
    CHECK(p.error_code == ErrorCode::kNone);
    CHECK(p.base_offset == next);
    CHECK(p.log_append_time_ms == -1);
    CHECK(p.log_start_offset == (version >= 5 ? 0 : -1));
    next += 2;
  }
  CHECK(f.store.log("t", 0).high_watermark() == next);
}

TEST_CASE("versions below 3 close the connection until down-conversion exists") {
  DataFixture f;
  f.make_topic("t", 1);
  CHECK(f.send(produce("t", 0, f.batch({"a"})), 2)->closed);
  CHECK(f.store.log("t", 0).log_end_offset() == 0);
}

TEST_CASE("acks=0 has no answer, and an error closes the connection") {
  DataFixture f;
  f.make_topic("t", 1);
  CHECK(f.send(produce("t", 0, f.batch({"a"}), 0), 9)->nothing);
  CHECK(f.store.log("t", 0).log_end_offset() == 1);
  CHECK(f.send(produce("t", 5, f.batch({"a"}), 0), 9)->closed);
  CHECK(f.send(produce("nope", 0, f.batch({"a"}), 0), 9)->closed);
}

TEST_CASE("unknown partitions, foreign leaders and acks out of range are told apart") {
  DataFixture f;
  f.make_topic("t", 1);
  CHECK(only(f.call<ProduceResponse>(produce("t", 9, f.batch({"a"})), 9)).error_code ==
        ErrorCode::kUnknownTopicOrPartition);
  // Known to the cluster, led elsewhere.
  MetadataUpdate update = f.cluster();
  update.topics.push_back({"far", {5, 5}, {{0, PartitionInfo{8, 0, 0, 0, {8}, {8}, {}}}}});
  f.broker->apply_metadata(update);
  const auto p = only(f.call<ProduceResponse>(produce("far", 0, f.batch({"a"})), 9));
  CHECK(p.error_code == ErrorCode::kNotLeaderOrFollower);
  CHECK(p.base_offset == -1);
  CHECK(only(f.call<ProduceResponse>(produce("t", 0, f.batch({"a"}), 2), 9)).error_code ==
        ErrorCode::kInvalidRequiredAcks);
  CHECK(f.store.log("t", 0).log_end_offset() == 0);
}

TEST_CASE("one bad partition does not hurt the others of its request") {
  DataFixture f;
  f.make_topic("t", 3);
  ProduceRequest request;
  request.acks = 1;
  request.topic_data.push_back({"t", {{0, f.batch({"a"})}, {7, f.batch({"b"})}, {2, f.batch({"c"})}}});
  const auto response = f.call<ProduceResponse>(request, 8);
  REQUIRE(response.responses.at(0).partition_responses.size() == 3);
  CHECK(response.responses[0].partition_responses[0].error_code == ErrorCode::kNone);
  CHECK(response.responses[0].partition_responses[1].error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(response.responses[0].partition_responses[1].index == 7);
  CHECK(response.responses[0].partition_responses[2].error_code == ErrorCode::kNone);
  CHECK(f.store.log("t", 2).log_end_offset() == 1);
}

TEST_CASE("internal topics are for coordinators and Java's admin client") {
  DataFixture f;
  f.make_topic("__consumer_offsets", 1);
  CHECK(only(f.call<ProduceResponse>(produce("__consumer_offsets", 0, f.batch({"a"})), 9)).error_code ==
        ErrorCode::kInvalidTopicException);
  CHECK(
      only(f.call<ProduceResponse>(produce("__consumer_offsets", 0, f.batch({"a"})), 9, "__admin_client")).error_code ==
      ErrorCode::kNone);
}

TEST_CASE("transactional ids get an error that names them final") {
  DataFixture f;
  f.make_topic("t", 1);
  ProduceRequest request = produce("t", 0, f.batch({"a"}));
  request.transactional_id = "tx";
  CHECK(only(f.call<ProduceResponse>(request, 9)).error_code == ErrorCode::kTransactionalIdAuthorizationFailed);
  kafka::BatchBuilder builder({.producer_id = 5, .producer_epoch = 0, .base_sequence = 0, .transactional = true});
  builder.append(1, std::nullopt, as_bytes("x"));
  CHECK(only(f.call<ProduceResponse>(produce("t", 0, builder.finish()), 9)).error_code ==
        ErrorCode::kTransactionalIdAuthorizationFailed);
  CHECK(f.store.log("t", 0).log_end_offset() == 0);
}

TEST_CASE("a refused record is named from version 8 on") {
  DataFixture f;
  f.broker->set_topic_overrides("c", {{"cleanup.policy", "compact"}});
  f.make_topic("c", 1);
  const auto p8 = only(f.call<ProduceResponse>(produce("c", 0, f.batch({"keyless"})), 8));
  CHECK(p8.error_code == ErrorCode::kInvalidRecord);
  REQUIRE(p8.record_errors.size() == 1);
  CHECK(p8.record_errors[0].batch_index == 0);
  CHECK(p8.record_errors[0].batch_index_error_message ==
        "Compacted topic cannot accept message without key in topic partition c-0.");
  CHECK(p8.error_message.has_value());
  const auto p7 = only(f.call<ProduceResponse>(produce("c", 0, f.batch({"keyless"})), 7));
  CHECK(p7.error_code == ErrorCode::kInvalidRecord);
  CHECK(p7.record_errors.empty());
}

TEST_CASE("a flipped byte is CORRUPT_MESSAGE and nothing is appended") {
  DataFixture f;
  f.make_topic("t", 1);
  Slice bad = f.batch({"hello"});
  bad.mutable_bytes().back() ^= std::byte{1};
  CHECK(only(f.call<ProduceResponse>(produce("t", 0, std::move(bad)), 9)).error_code == ErrorCode::kCorruptMessage);
  CHECK(f.store.log("t", 0).log_end_offset() == 0);
}

TEST_CASE("acks=all needs min.insync.replicas before the append; acks=1 does not") {
  DataFixture f(ConfigMap{{"min.insync.replicas", "2"}});
  f.make_topic("t", 1);
  CHECK(only(f.call<ProduceResponse>(produce("t", 0, f.batch({"a"})), 9)).error_code == ErrorCode::kNotEnoughReplicas);
  CHECK(f.store.log("t", 0).log_end_offset() == 0);
  CHECK(only(f.call<ProduceResponse>(produce("t", 0, f.batch({"a"}), 1), 9)).error_code == ErrorCode::kNone);
  // The topic's own value takes effect without a restart.
  f.broker->set_topic_overrides("t", {{"min.insync.replicas", "1"}});
  CHECK(only(f.call<ProduceResponse>(produce("t", 0, f.batch({"a"})), 9)).error_code == ErrorCode::kNone);
}

TEST_CASE("acks=all waits for the high watermark, then answers once") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7, 8});
  FakeLog& log = f.store.log("t", 0);
  const auto answer = f.send(produce("t", 0, f.batch({"a"})), 9);
  CHECK(answer->pending());
  log.force_high_watermark(1);
  f.broker->replicas().find("t", 0)->wake_all();
  CHECK(answer->pending());  // completion is posted to the request's reactor
  f.reactor.run();
  CHECK(only(f.decode<ProduceResponse>(*answer, 9)).error_code == ErrorCode::kNone);
  CHECK(f.reactor.timers() == 0);
}

TEST_CASE("acks=all times out with REQUEST_TIMED_OUT after the request's own time") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7, 8});
  const auto answer = f.send(produce("t", 0, f.batch({"a"})), 9);
  f.reactor.advance(ms(1499));
  CHECK(answer->pending());
  f.reactor.advance(ms(1));
  const auto p = only(f.decode<ProduceResponse>(*answer, 9));
  CHECK(p.error_code == ErrorCode::kRequestTimedOut);
  CHECK(p.base_offset == 0);
}

TEST_CASE("losing leadership while waiting answers NOT_LEADER_OR_FOLLOWER") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7, 8});
  const auto answer = f.send(produce("t", 0, f.batch({"a"})), 9);
  LeaderAndIsrUpdate away;
  away.partitions.push_back({{"t", 0}, {1, 2}, 0, 8, 1, {8}, 1, {7, 8}, false});
  REQUIRE(f.broker->become_leader_or_follower(away).partitions.at(0).code == ErrorCode::kNone);
  f.reactor.run();
  CHECK(only(f.decode<ProduceResponse>(*answer, 9)).error_code == ErrorCode::kNotLeaderOrFollower);
}

TEST_CASE("an append that the disk thread finishes later answers then, in its own order") {
  DataFixture f;
  f.make_topic("t", 2);
  FakeLog& slow = f.store.log("t", 0);
  slow.hold_appends = true;
  ProduceRequest request;
  request.acks = 1;
  request.topic_data.push_back({"t", {{0, f.batch({"a"})}, {1, f.batch({"b", "c"})}}});
  const auto answer = f.send(request, 9);
  CHECK(answer->pending());
  CHECK(f.store.log("t", 1).log_end_offset() == 2);
  std::exchange(slow.held, {}).at(0)();  // nothing may keep what it answers to
  const auto response = f.decode<ProduceResponse>(*answer, 9);
  CHECK(response.responses[0].partition_responses[0].index == 0);
  CHECK(response.responses[0].partition_responses[0].base_offset == 0);
  CHECK(response.responses[0].partition_responses[1].index == 1);
}

TEST_CASE("an offline directory is KAFKA_STORAGE_ERROR") {
  DataFixture f;
  f.make_topic("t", 1);
  f.store.log("t", 0).is_offline = true;
  CHECK(only(f.call<ProduceResponse>(produce("t", 0, f.batch({"a"})), 9)).error_code == ErrorCode::kKafkaStorageError);
}

TEST_CASE("null records are refused, not dereferenced") {
  DataFixture f;
  f.make_topic("t", 1);
  ProduceRequest request;
  request.acks = 1;
  request.topic_data.push_back({"t", {{0, std::nullopt}}});
  CHECK(only(f.call<ProduceResponse>(request, 9)).error_code != ErrorCode::kNone);
  CHECK(f.store.log("t", 0).log_end_offset() == 0);
}

}  // namespace
}  // namespace kz::broker::test
