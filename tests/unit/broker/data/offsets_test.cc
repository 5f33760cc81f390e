// ListOffsets, OffsetForLeaderEpoch, DeleteRecords, DescribeProducers, DescribeLogDirs against 3.4.0's rules.
#include "core/kafka/message/delete_records.h"
#include "core/kafka/message/describe_log_dirs.h"
#include "core/kafka/message/describe_producers.h"
#include "core/kafka/message/list_offsets.h"
#include "core/kafka/message/offset_for_leader_epoch.h"
#include "core/kafka/message/produce.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

using kafka::ErrorCode;
using kafka::ListOffsetsRequest;
using kafka::ListOffsetsResponse;

void append(DataFixture& f, const std::string& topic, Slice batch) {
  kafka::ProduceRequest request;
  request.acks = 1;
  request.topic_data.push_back({topic, {{0, std::move(batch)}}});
  const auto response = f.call<kafka::ProduceResponse>(request, 9);
  REQUIRE(response.responses[0].partition_responses[0].error_code == ErrorCode::kNone);
}
ListOffsetsRequest ask(int64_t timestamp, const std::string& topic = "t", int32_t partition = 0) {
  ListOffsetsRequest request;
  request.replica_id = -1;
  ListOffsetsRequest::ListOffsetsPartition p;
  p.partition_index = partition;
  p.timestamp = timestamp;
  request.topics.push_back({topic, {p}});
  return request;
}
const auto& only(const ListOffsetsResponse& response) { return response.topics.at(0).partitions.at(0); }

TEST_CASE("earliest, latest, by timestamp, none, and the maximum") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7}, 3);
  append(f, "t", f.batch({"a", "b"}, 1000));
  append(f, "t", f.batch({"c"}, 3000));
  append(f, "t", f.batch({"d"}, 2000));
  for (int16_t version = 1; version <= 7; ++version) {
    const auto latest = only(f.call<ListOffsetsResponse>(ask(-1), version));
    CHECK(latest.offset == 4);
    CHECK(latest.timestamp == -1);
    CHECK(latest.leader_epoch == (version >= 4 ? 3 : -1));
    CHECK(only(f.call<ListOffsetsResponse>(ask(-2), version)).offset == 0);
    const auto found = only(f.call<ListOffsetsResponse>(ask(2500), version));
    CHECK(found.offset == 2);
    CHECK(found.timestamp == 3000);
    const auto none = only(f.call<ListOffsetsResponse>(ask(9000), version));
    CHECK(none.offset == -1);
    CHECK(none.error_code == ErrorCode::kNone);
  }
  CHECK(only(f.call<ListOffsetsResponse>(ask(-3), 7)).offset == 2);
  CHECK(only(f.call<ListOffsetsResponse>(ask(-3), 6)).error_code == ErrorCode::kUnsupportedVersion);
}

TEST_CASE("version 0, of file times and segments, is not advertised and not answered") {
  DataFixture f;
  f.make_topic("t", 1);
  CHECK(f.send(ask(-1), 0)->closed);
  for (const ApiRange& range : f.broker->api_ranges()) {
    if (range.api_key == ListOffsetsRequest::kApiKey) CHECK(range.min_version == 1);
  }
}

TEST_CASE("read_committed stops at the last stable offset, consumers at the high watermark, replicas at the end") {
  DataFixture f;
  f.make_topic("t", 1);
  append(f, "t", f.batch({"a", "b", "c"}));
  FakeLog& log = f.store.log("t", 0);
  log.force_high_watermark(2);
  log.set_last_stable(1);
  ListOffsetsRequest request = ask(-1);
  CHECK(only(f.call<ListOffsetsResponse>(request, 7)).offset == 2);
  request.isolation_level = 1;
  CHECK(only(f.call<ListOffsetsResponse>(request, 7)).offset == 1);
  request.replica_id = -2;
  CHECK(only(f.call<ListOffsetsResponse>(request, 7)).offset == 3);
}

TEST_CASE("a new leader whose high watermark lags does not answer latest") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7, 8});
  append(f, "t", f.batch({"a", "b"}));  // not committed: 8 has not fetched
  LeaderAndIsrUpdate again;
  again.partitions.push_back({{"t", 0}, {1, 2}, 0, 7, 1, {7, 8}, 1, {7, 8}, false});
  REQUIRE(f.broker->become_leader_or_follower(again).partitions.at(0).code == ErrorCode::kNone);
  CHECK(only(f.call<ListOffsetsResponse>(ask(-1), 5)).error_code == ErrorCode::kOffsetNotAvailable);
  CHECK(only(f.call<ListOffsetsResponse>(ask(-1), 4)).error_code == ErrorCode::kLeaderNotAvailable);
  CHECK(only(f.call<ListOffsetsResponse>(ask(-2), 5)).offset == 0);
}

TEST_CASE("duplicates, strangers and stale epochs are refused one by one") {
  DataFixture f;
  f.make_topic("t", 2, {1, 2}, {7}, 2);
  ListOffsetsRequest request = ask(-1);
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions.push_back({1, 1, -1, 1});
  request.topics.push_back({"nope", {{0, -1, -1, 1}}});
  const auto response = f.call<ListOffsetsResponse>(request, 5);
  CHECK(response.topics[0].partitions[0].error_code == ErrorCode::kInvalidRequest);
  CHECK(response.topics[0].partitions[1].error_code == ErrorCode::kInvalidRequest);
  CHECK(response.topics[0].partitions[2].error_code == ErrorCode::kFencedLeaderEpoch);
  CHECK(response.topics[1].partitions[0].error_code == ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("OffsetForLeaderEpoch tells where an epoch ended") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7}, 1);
  append(f, "t", f.batch({"a", "b"}));
  LeaderAndIsrUpdate again;
  again.partitions.push_back({{"t", 0}, {1, 2}, 0, 7, 4, {7}, 1, {7}, false});
  REQUIRE(f.broker->become_leader_or_follower(again).partitions.at(0).code == ErrorCode::kNone);
  append(f, "t", f.batch({"c"}));
  const auto end_of = [&](int32_t epoch, int32_t current, int16_t version) {
    kafka::OffsetForLeaderEpochRequest request;
    request.topics.push_back({"t", {{0, current, epoch}}});
    return f.call<kafka::OffsetForLeaderEpochResponse>(request, version).topics.at(0).partitions.at(0);
  };
  CHECK(end_of(1, -1, 0).end_offset == 2);
  CHECK(end_of(3, -1, 4).leader_epoch == 1);
  CHECK(end_of(3, -1, 4).end_offset == 2);
  CHECK(end_of(4, 4, 4).end_offset == 3);
  CHECK(end_of(5, -1, 4).end_offset == -1);
  CHECK(end_of(1, 1, 4).error_code == ErrorCode::kFencedLeaderEpoch);
  CHECK(end_of(1, 9, 4).error_code == ErrorCode::kUnknownLeaderEpoch);
}

TEST_CASE("DeleteRecords raises the log start, up to the high watermark") {
  DataFixture f;
  f.make_topic("t", 1);
  append(f, "t", f.batch({"a", "b", "c"}));
  const auto remove = [&](const std::string& topic, int64_t offset) {
    kafka::DeleteRecordsRequest request;
    request.topics.push_back({topic, {{0, offset}}});
    return f.call<kafka::DeleteRecordsResponse>(request, 2).topics.at(0).partitions.at(0);
  };
  CHECK(remove("t", 2).low_watermark == 2);
  CHECK(remove("t", 1).low_watermark == 2);  // never back
  CHECK(remove("t", 4).error_code == ErrorCode::kOffsetOutOfRange);
  CHECK(remove("t", -5).error_code == ErrorCode::kOffsetOutOfRange);
  CHECK(remove("t", -1).low_watermark == 3);
  CHECK(remove("nope", 0).error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(remove("__consumer_offsets", 0).error_code == ErrorCode::kInvalidTopicException);
  f.broker->set_topic_overrides("k", {{"cleanup.policy", "compact"}});
  f.make_topic("k", 1, {4, 5});
  CHECK(remove("k", 0).error_code == ErrorCode::kPolicyViolation);
}

TEST_CASE("DescribeLogDirs lists healthy and failed directories; DescribeProducers the remembered ids") {
  DataFixture f;
  f.make_topic("t", 2);
  append(f, "t", f.batch({"a"}));
  kafka::DescribeLogDirsRequest all;
  all.topics.reset();
  const auto response = f.call<kafka::DescribeLogDirsResponse>(all, 4);
  REQUIRE(response.results.size() == 2);
  CHECK(response.results[0].log_dir == "/data");
  CHECK(response.results[0].total_bytes == 1000);
  CHECK(response.results[0].topics.at(0).partitions.size() == 2);
  CHECK(response.results[0].topics.at(0).partitions[0].partition_size > 0);
  CHECK(response.results[1].error_code == ErrorCode::kKafkaStorageError);
  kafka::DescribeLogDirsRequest one;
  one.topics->push_back({"t", {1}});
  CHECK(f.call<kafka::DescribeLogDirsResponse>(one, 1).results[0].topics.at(0).partitions.size() == 1);

  kafka::DescribeProducersRequest producers;
  producers.topics.push_back({"t", {0, 9}});
  const auto described = f.call<kafka::DescribeProducersResponse>(producers, 0);
  CHECK(described.topics[0].partitions[0].active_producers.at(0).producer_id == 77);
  CHECK(described.topics[0].partitions[1].error_code == ErrorCode::kUnknownTopicOrPartition);
}

}  // namespace
}  // namespace kz::broker::test
