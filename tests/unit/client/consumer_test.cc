// Consumer and GroupMember: positions, resets, group life and commits, against a scripted broker.
// Rules: ConsumerCoordinator.java, AbstractCoordinator.java, Fetcher.java @ 3.4.0.
#include "core/client/consumer.h"

#include <doctest/doctest.h>

#include "core/kafka/message/find_coordinator.h"
#include "core/kafka/message/heartbeat.h"
#include "core/kafka/message/leave_group.h"
#include "core/kafka/message/list_offsets.h"
#include "core/kafka/record/builder.h"
#include "core/kafka/record/control.h"
#include "tests/unit/client/fake_broker.h"

namespace kz::client {
namespace {

using kafka::ErrorCode;

Slice batch_of(Offset base, const std::vector<std::string>& values, kafka::Codec codec = kafka::Codec::kNone) {
  kafka::BatchBuilder b({.codec = codec, .base_offset = base});
  for (const auto& v : values) b.append(1, std::nullopt, as_bytes(v));
  auto bytes = b.build();
  REQUIRE(bytes);
  return *bytes;
}

struct Fixture {
  test::FakeExecutor executor;
  test::FakeConnector connector{executor};
  test::FakeCluster brokers{connector};
  test::CapturedLog log;
  Rng rng{3};
  std::unique_ptr<KafkaClient> client;
  std::unique_ptr<Consumer> consumer;
  std::map<std::pair<int32_t, Offset>, Slice> data;  // partition, offset -> what a fetch there gives
  std::map<int32_t, Offset> begin, end, committed;
  std::map<int32_t, ErrorCode> fetch_errors;  // once
  std::vector<std::string> read;
  std::vector<std::string> failures;
  std::vector<std::vector<TopicPartition>> assignments;
  std::vector<int8_t> isolation;
  int joins = 0, leaves = 0, heartbeats = 0;
  ErrorCode heartbeat_error = ErrorCode::kNone;
  bool auto_release = true;

  explicit Fixture(ConsumerConfig config = {}) {
    KafkaClientConfig c;
    c.bootstrap = {{"boot", 9}};
    c.client_id = "c";
    client = std::make_unique<KafkaClient>(c, connector, executor, rng);
    brokers.add_topic("t", 2);
    script();
    if (config.group.group_id.empty()) config.group.group_id = "g";
    consumer = std::make_unique<Consumer>(*client, config);
    consumer->set_chunk_listener([this](FetchedChunk chunk) {
      RecordReader reader(true);
      const std::string error = reader.read(chunk, [&](const ConsumedRecord& r) {
        read.push_back(std::to_string(chunk.tp.partition) + ":" + std::to_string(r.offset) + "=" +
                       std::string(as_text(r.value)));
        return true;
      });
      if (!error.empty()) failures.push_back(error);
      if (auto_release) consumer->release(chunk.tp, chunk.records.size(), chunk.next);
    });
    consumer->set_failure_listener([this](const ConsumerFailure& f) { failures.push_back(f.exception); });
    consumer->set_assignment_listener([this](const auto& list) { assignments.push_back(list); });
  }

  void script() {
    brokers.on<kafka::FindCoordinatorRequest, kafka::FindCoordinatorResponse>([](const auto& r, int16_t) {
      kafka::FindCoordinatorResponse response;
      response.coordinators.push_back({r.coordinator_keys.at(0), 0, "b0", 1000, ErrorCode::kNone, std::nullopt});
      return response;
    });
    brokers.on<kafka::JoinGroupRequest, kafka::JoinGroupResponse>(
        [this](const kafka::JoinGroupRequest& r, int16_t) -> std::optional<kafka::JoinGroupResponse> {
          kafka::JoinGroupResponse response;
          if (r.member_id.empty()) {
            response.error_code = ErrorCode::kMemberIdRequired;
            response.member_id = "m1";
            return response;
          }
          ++joins;
          response.generation_id = joins;
          response.protocol_type = "consumer";
          response.protocol_name = r.protocols[0].name;
          response.leader = response.member_id = r.member_id;
          response.members.push_back({r.member_id, std::nullopt, r.protocols[0].metadata});
          return response;
        });
    brokers.on<kafka::SyncGroupRequest, kafka::SyncGroupResponse>([](const kafka::SyncGroupRequest& r, int16_t) {
      kafka::SyncGroupResponse response;
      for (const auto& a : r.assignments) response.assignment = a.assignment.detach();
      return response;
    });
    brokers.on<kafka::HeartbeatRequest, kafka::HeartbeatResponse>([this](const auto&, int16_t) {
      ++heartbeats;
      kafka::HeartbeatResponse response;
      response.error_code = std::exchange(heartbeat_error, ErrorCode::kNone);
      return response;
    });
    brokers.on<kafka::LeaveGroupRequest, kafka::LeaveGroupResponse>([this](const auto&, int16_t) {
      ++leaves;
      return kafka::LeaveGroupResponse{};
    });
    brokers.on<kafka::OffsetFetchRequest, kafka::OffsetFetchResponse>(
        [this](const kafka::OffsetFetchRequest& r, int16_t version) {
          CHECK(version == 8);
          kafka::OffsetFetchResponse response;
          auto& g = response.groups.emplace_back();
          g.group_id = r.groups[0].group_id;
          for (const auto& t : *r.groups[0].topics) {
            auto& out = g.topics.emplace_back();
            out.name = t.name;
            for (int32_t p : t.partition_indexes) {
              auto& part = out.partitions.emplace_back();
              part.partition_index = p;
              part.committed_offset = committed.contains(p) ? committed[p] : -1;
            }
          }
          return response;
        });
    brokers.on<kafka::OffsetCommitRequest, kafka::OffsetCommitResponse>(
        [this](const kafka::OffsetCommitRequest& r, int16_t) {
          kafka::OffsetCommitResponse response;
          for (const auto& t : r.topics) {
            auto& out = response.topics.emplace_back();
            out.name = t.name;
            for (const auto& p : t.partitions) {
              committed[p.partition_index] = p.committed_offset;
              out.partitions.push_back({p.partition_index, ErrorCode::kNone});
            }
          }
          return response;
        });
    brokers.on<kafka::ListOffsetsRequest, kafka::ListOffsetsResponse>(
        [this](const kafka::ListOffsetsRequest& r, int16_t) {
          isolation.push_back(r.isolation_level);
          kafka::ListOffsetsResponse response;
          for (const auto& t : r.topics) {
            auto& out = response.topics.emplace_back();
            out.name = t.name;
            for (const auto& p : t.partitions) {
              auto& part = out.partitions.emplace_back();
              part.partition_index = p.partition_index;
              part.offset = p.timestamp == -2 ? begin[p.partition_index] : end[p.partition_index];
            }
          }
          return response;
        });
    brokers.on<kafka::FetchRequest, kafka::FetchResponse>(
        [this](const kafka::FetchRequest& r, int16_t version) -> std::optional<kafka::FetchResponse> {
          CHECK(version == 12);
          kafka::FetchResponse response;
          bool any = false;
          for (const auto& t : r.topics) {
            auto& out = response.responses.emplace_back();
            out.topic = t.topic;
            for (const auto& p : t.partitions) {
              auto& part = out.partitions.emplace_back();
              part.partition_index = p.partition;
              if (auto e = fetch_errors.find(p.partition); e != fetch_errors.end()) {
                part.error_code = e->second;
                fetch_errors.erase(e);
                any = true;
              } else if (auto d = data.find({p.partition, p.fetch_offset}); d != data.end()) {
                part.records = d->second;
                any = true;
              }
            }
          }
          if (!any) return std::nullopt;  // a long poll that the test does not wait for
          return response;
        });
  }
};

TEST_CASE("a group of one: joins, starts where it was told, reads, commits, leaves") {
  Fixture f({.reset = OffsetReset::kEarliest});
  f.begin = {{0, 3}, {1, 0}};
  f.committed = {{1, 5}};
  f.data[{0, 3}] = batch_of(3, {"a", "b"});
  f.data[{1, 5}] = batch_of(5, {"c"}, kafka::Codec::kZstd);
  f.consumer->subscribe({"t"});
  f.executor.advance(ms(500));
  CHECK(f.joins == 1);
  CHECK(std::set<std::string>(f.read.begin(), f.read.end()) == std::set<std::string>{"0:3=a", "0:4=b", "1:5=c"});
  CHECK(f.failures.empty());
  f.executor.advance(ms(5000));
  CHECK(f.committed[0] == 5);
  CHECK(f.committed[1] == 6);
  CHECK(f.heartbeats >= 1);
  bool closed = false;
  f.consumer->close([&] { closed = true; });
  f.executor.settle();
  CHECK(closed);
  CHECK(f.leaves == 1);
}

TEST_CASE("only what the application released is committed") {
  Fixture f({.reset = OffsetReset::kEarliest});
  f.auto_release = false;
  f.data[{0, 0}] = batch_of(0, {"a", "b", "c"});
  f.consumer->subscribe({"t"});
  f.executor.advance(ms(6000));
  CHECK(f.committed.empty());
  f.consumer->release({"t", 0}, 10, 2);
  f.consumer->close([] {});
  f.executor.settle();
  CHECK(f.committed[0] == 2);
  CHECK_FALSE(f.committed.contains(1));
}

TEST_CASE("by hand: an offset, the beginning, the end; no group is joined") {
  Fixture f;
  f.begin = {{0, 2}, {1, 2}};
  f.end = {{0, 9}, {1, 9}};
  f.data[{0, 7}] = batch_of(7, {"x"});
  f.consumer->assign({{{"t", 0}, 7}, {{"t", 1}, -1}});
  f.client->request_metadata();
  f.executor.advance(ms(200));
  CHECK(f.read == std::vector<std::string>{"0:7=x"});
  CHECK(f.consumer->position({"t", 1}) == 9);
  CHECK(f.joins == 0);
}

TEST_CASE("records before the position are left out of a batch that begins earlier") {
  Fixture f;
  f.data[{0, 6}] = batch_of(5, {"a", "b", "c"}, kafka::Codec::kGzip);
  f.consumer->assign({{{"t", 0}, 6}});
  f.client->request_metadata();
  f.executor.advance(ms(200));
  CHECK(f.read == std::vector<std::string>{"0:6=b", "0:7=c"});
  CHECK(f.consumer->position({"t", 0}) == 8);
}

TEST_CASE("out of range resets by the policy, or fails where there is none") {
  for (auto reset : {OffsetReset::kEarliest, OffsetReset::kNone}) {
    Fixture f({.reset = reset});
    f.begin = {{0, 20}};
    f.data[{0, 20}] = batch_of(20, {"x"});
    f.fetch_errors[0] = ErrorCode::kOffsetOutOfRange;
    f.consumer->assign({{{"t", 0}, 5}});
    f.client->request_metadata();
    f.executor.advance(ms(500));
    if (reset == OffsetReset::kNone) {
      CHECK(f.failures == std::vector<std::string>{"org.apache.kafka.clients.consumer.OffsetOutOfRangeException"});
    } else {
      CHECK(f.read == std::vector<std::string>{"0:20=x"});
    }
  }
}

TEST_CASE("a moved leader is asked for and the fetch goes on") {
  Fixture f;
  f.data[{0, 0}] = batch_of(0, {"x"});
  f.fetch_errors[0] = ErrorCode::kNotLeaderOrFollower;
  f.consumer->assign({{{"t", 0}, 0}});
  f.client->request_metadata();
  f.executor.settle();
  CHECK(f.read.empty());
  f.executor.advance(ms(500));
  CHECK(f.read == std::vector<std::string>{"0:0=x"});
}

TEST_CASE("a rebalance commits first and joins again; a forgotten member starts over") {
  Fixture f({.reset = OffsetReset::kEarliest});
  f.data[{0, 0}] = batch_of(0, {"a"});
  f.consumer->subscribe({"t"});
  f.executor.advance(ms(500));
  CHECK(f.joins == 1);
  f.heartbeat_error = ErrorCode::kRebalanceInProgress;
  f.executor.advance(ms(3200));
  CHECK(f.joins == 2);
  CHECK(f.committed[0] == 1);
  f.heartbeat_error = ErrorCode::kUnknownMemberId;
  f.executor.advance(ms(3500));
  CHECK(f.joins == 3);
  CHECK(f.assignments.back().size() == 2);
  CHECK(f.read == std::vector<std::string>{"0:0=a"});
}

TEST_CASE("new partitions make the leader rebalance; a pattern takes new topics in") {
  Fixture f({.reset = OffsetReset::kEarliest});
  f.consumer->subscribe_matching([](const std::string& name) { return name.starts_with("t"); });
  f.executor.advance(ms(500));
  REQUIRE(f.joins == 1);
  CHECK(f.assignments.back().size() == 2);
  f.brokers.add_topic("t2", 1);
  f.client->request_metadata();
  f.executor.advance(ms(500));
  CHECK(f.joins == 2);
  CHECK(f.assignments.back().size() == 3);
}

TEST_CASE("metadata that changes between the leader's assignment and its answer makes the group rebalance") {
  Fixture f({.reset = OffsetReset::kEarliest});
  bool grown = false;
  f.brokers.on<kafka::SyncGroupRequest, kafka::SyncGroupResponse>(
      [&](const kafka::SyncGroupRequest& r, int16_t) -> std::optional<kafka::SyncGroupResponse> {
        kafka::SyncGroupResponse response;
        for (const auto& a : r.assignments) response.assignment = a.assignment.detach();
        if (std::exchange(grown, true)) return response;
        auto& partitions = f.brokers.cluster.topics.at(0).partitions;
        partitions.push_back(partitions.back());
        partitions.back().partition_index = 2;
        f.brokers.add_topic("other", 1);
        f.client->add_topic("other");  // asks at once, and is answered first
        f.executor.after(ms(20), [&f, response, asked = f.brokers.last_request] {
          f.brokers.reply(asked.conn, asked.id, asked.version, response);
        });
        return std::nullopt;
      });
  f.consumer->subscribe({"t"});
  f.executor.advance(ms(500));
  CHECK(f.joins == 2);
  CHECK(f.assignments.back().size() == 3);
}

TEST_CASE("no more is asked for while too much waits to be read") {
  Fixture f({.reset = OffsetReset::kEarliest, .buffer_bytes_max = 10});
  f.auto_release = false;
  f.data[{0, 0}] = batch_of(0, {"a"});
  f.data[{0, 1}] = batch_of(1, {"b"});
  f.consumer->assign({{{"t", 0}, 0}});
  f.client->request_metadata();
  f.executor.advance(ms(1000));
  CHECK(f.read.size() == 1);
  f.consumer->release({"t", 0}, 1000, 1);
  f.executor.advance(ms(100));
  CHECK(f.read.size() == 2);
}

TEST_CASE("a corrupt batch is named with its offset, unless CRCs are not to be checked") {
  Slice bytes = batch_of(4, {"hello"});
  bytes.mutable_bytes()[bytes.size() - 2] ^= std::byte{1};
  FetchedChunk chunk;
  chunk.tp = {"t", 0};
  chunk.records = bytes;
  chunk.from = 4;
  RecordReader strict(true);
  const std::string error = strict.read(chunk, [](const auto&) { return true; });
  CHECK(
      error.starts_with("Record batch for partition t-0 at offset 4 is invalid, cause: Record is corrupt (stored crc"));
  RecordReader lenient(false);
  int records = 0;
  CHECK(lenient.read(chunk, [&](const auto&) { return ++records > 0; }).empty());
  CHECK(records == 1);
}

TEST_CASE("read_committed leaves aborted transactions and markers out") {
  const auto transactional = [](Offset base, int64_t producer, const std::string& value) {
    kafka::BatchBuilder b(
        {.base_offset = base, .producer_id = producer, .producer_epoch = 0, .base_sequence = 0, .transactional = true});
    b.append(1, std::nullopt, as_bytes(value));
    return *b.build();
  };
  Buffer all;
  for (const Slice& s :
       {transactional(0, 1, "aborted"), transactional(1, 2, "committed"),
        kafka::build_end_txn_marker(2, 1, 0, 1, 0, {kafka::ControlType::kAbort, 0}), transactional(3, 1, "later"),
        kafka::build_end_txn_marker(4, 1, 0, 2, 0, {kafka::ControlType::kCommit, 0})}) {
    all.raw(s.bytes());
  }
  FetchedChunk chunk;
  chunk.tp = {"t", 0};
  chunk.records = all.to_slice();
  chunk.aborted = {{1, 0}};
  const auto values = [&](bool committed) {
    chunk.read_committed = committed;
    std::vector<std::string> out;
    RecordReader reader(true);
    CHECK(reader
              .read(chunk,
                    [&](const ConsumedRecord& r) {
                      out.emplace_back(as_text(r.value));
                      return true;
                    })
              .empty());
    return out;
  };
  CHECK(values(false) == std::vector<std::string>{"aborted", "committed", "later"});
  CHECK(values(true) == std::vector<std::string>{"committed", "later"});
  CHECK(end_of_records(chunk.records.bytes(), 0) == 5);
}

}  // namespace
}  // namespace kz::client
