// A whole broker of one: consumer groups over the wire, and what is found of them again after a crash.
#include "tests/unit/broker/member_node.h"

#include "core/kafka/consumer_protocol.h"

using namespace kz;
using namespace kz::broker;
using namespace kz::broker::test;

namespace {

// A consumer of one group as a client sees it.
struct Consumer {
  explicit Consumer(Node& node, std::string id = "g", std::string member_id = {}, int32_t at = -1)
      : n(node), group(std::move(id)), member(std::move(member_id)), generation(at) {}
  Node& n;
  std::string group;
  std::string member;
  int32_t generation;
  ErrorCode join() {
    kafka::JoinGroupRequest request;
    request.group_id = group;
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 60'000;
    request.protocol_type = "consumer";
    kafka::ConsumerProtocolSubscription subscription;
    subscription.topics = {"t"};
    request.protocols.push_back({"range", kafka::encode_subscription(subscription)});
    request.member_id = member;
    auto response = n.ask<kafka::JoinGroupResponse>(request);
    if (response.error_code == ErrorCode::kMemberIdRequired) {
      member = request.member_id = response.member_id;
      response = n.ask<kafka::JoinGroupResponse>(request);
    }
    generation = response.generation_id;
    return response.error_code;
  }
  ErrorCode sync() {
    kafka::SyncGroupRequest request;
    request.group_id = group;
    request.generation_id = generation;
    request.member_id = member;
    request.protocol_type = "consumer";
    request.protocol_name = "range";
    request.assignments.push_back({member, Slice::copy_of("assigned")});
    const auto response = n.ask<kafka::SyncGroupResponse>(request);
    if (response.error_code == ErrorCode::kNone) CHECK(response.assignment.text() == "assigned");
    return response.error_code;
  }
  ErrorCode commit(Offset offset, const std::string& topic = "t", std::string metadata = "") {
    kafka::OffsetCommitRequest request;
    request.group_id = group;
    request.generation_id = generation;
    request.member_id = member;
    auto& t = request.topics.emplace_back();
    t.name = topic;
    auto& p = t.partitions.emplace_back();
    p.committed_offset = offset;
    p.committed_metadata = std::move(metadata);
    return n.ask<kafka::OffsetCommitResponse>(request).topics.at(0).partitions.at(0).error_code;
  }
  Offset fetch(const std::string& topic = "t") {
    kafka::OffsetFetchRequest request;
    auto& g = request.groups.emplace_back();
    g.group_id = group;
    g.topics->push_back({topic, {0}});
    const auto response = n.ask<kafka::OffsetFetchResponse>(request);
    REQUIRE(response.groups.at(0).error_code == ErrorCode::kNone);
    return response.groups[0].topics.at(0).partitions.at(0).committed_offset;
  }
};

void find_coordinator(Node& n) {
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {"g"};
  const auto first = n.ask<kafka::FindCoordinatorResponse>(request);
  CHECK(first.coordinators.at(0).error_code == ErrorCode::kCoordinatorNotAvailable);
  const auto second = n.ask<kafka::FindCoordinatorResponse>(request);
  REQUIRE(second.coordinators.at(0).error_code == ErrorCode::kNone);
  CHECK(second.coordinators[0].node_id == DataFixture::kSelf);
  CHECK(second.coordinators[0].host == "broker.example");
}

}  // namespace

TEST_CASE("FindCoordinator creates __consumer_offsets with its configuration") {
  Node n;
  find_coordinator(n);
  CHECK(decode_topic(n.zk.data("/brokers/topics/__consumer_offsets"))->partitions.size() == 3);
  const auto config = *decode_config(n.zk.data("/config/topics/__consumer_offsets"));
  CHECK(config.at("cleanup.policy") == "compact");
  CHECK(config.at("compression.type") == "producer");
  CHECK(config.at("segment.bytes") == "104857600");
  kafka::FindCoordinatorRequest request;
  request.key = "g";
  const auto old = n.ask<kafka::FindCoordinatorResponse>(request, 3);
  CHECK(old.error_code == ErrorCode::kNone);
  CHECK(old.port == 9092);
  request.key_type = 1;
  CHECK(n.ask<kafka::FindCoordinatorResponse>(request, 3).error_code == ErrorCode::kTransactionalIdAuthorizationFailed);
}

TEST_CASE("__consumer_offsets with more replicas than brokers is never made") {
  ConfigMap config = kSmall;
  config["offsets.topic.replication.factor"] = "3";
  Node n(config);
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {"g"};
  for (int i = 0; i < 2; ++i) {
    CHECK(n.ask<kafka::FindCoordinatorResponse>(request).coordinators.at(0).error_code ==
          ErrorCode::kCoordinatorNotAvailable);
  }
  CHECK(!n.zk.has("/brokers/topics/__consumer_offsets"));
}

TEST_CASE("a consumer's life over the wire, and again after a crash") {
  Node n;
  n.create("t");
  Consumer c{n};
  CHECK(c.join() == ErrorCode::kNotCoordinator);
  find_coordinator(n);
  CHECK(c.fetch() == -1);
  REQUIRE(c.join() == ErrorCode::kNone);
  CHECK(c.generation == 1);
  CHECK(c.commit(1) == ErrorCode::kRebalanceInProgress);
  REQUIRE(c.sync() == ErrorCode::kNone);
  CHECK(c.commit(42, "t", "note") == ErrorCode::kNone);
  CHECK(c.commit(1, "nope") == ErrorCode::kUnknownTopicOrPartition);
  CHECK(c.commit(1, "t", std::string(4097, 'x')) == ErrorCode::kOffsetMetadataTooLarge);
  CHECK(c.fetch() == 42);

  kafka::ListGroupsRequest list;
  list.states_filter = {"Stable"};
  const auto listed = n.ask<kafka::ListGroupsResponse>(list);
  REQUIRE(listed.groups.size() == 1);
  CHECK(listed.groups[0].group_id == "g");
  CHECK(listed.groups[0].protocol_type == "consumer");
  kafka::DescribeGroupsRequest describe;
  describe.groups = {"g", "unknown"};
  const auto described = n.ask<kafka::DescribeGroupsResponse>(describe);
  CHECK(described.groups.at(0).group_state == "Stable");
  CHECK(described.groups[0].protocol_data == "range");
  CHECK(described.groups[0].members.at(0).client_host == "/127.0.0.1");
  CHECK(described.groups[0].members[0].member_assignment.text() == "assigned");
  CHECK(described.groups.at(1).group_state == "Dead");
  CHECK(described.groups[1].error_code == ErrorCode::kNone);

  n.crash_and_restart();
  Consumer again{n, "g", c.member, c.generation};
  CHECK(again.fetch() == 42);
  kafka::HeartbeatRequest beat;
  beat.group_id = "g";
  beat.member_id = c.member;
  beat.generation_id = 1;
  CHECK(n.ask<kafka::HeartbeatResponse>(beat).error_code == ErrorCode::kNone);
  CHECK(again.sync() == ErrorCode::kNone);

  kafka::DeleteGroupsRequest remove;
  remove.groups_names = {"g", "unknown"};
  auto removed = n.ask<kafka::DeleteGroupsResponse>(remove);
  CHECK(removed.results.at(0).error_code == ErrorCode::kNonEmptyGroup);
  CHECK(removed.results.at(1).error_code == ErrorCode::kGroupIdNotFound);
  kafka::OffsetDeleteRequest forget;
  forget.group_id = "g";
  forget.topics.push_back({"t", {{0}}});
  CHECK(n.ask<kafka::OffsetDeleteResponse>(forget).topics.at(0).partitions.at(0).error_code ==
        ErrorCode::kGroupSubscribedToTopic);
  kafka::LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.members.push_back({c.member, std::nullopt, std::nullopt});
  leave.members.push_back({"nobody", std::nullopt, std::nullopt});
  const auto left = n.ask<kafka::LeaveGroupResponse>(leave);
  CHECK(left.members.at(0).error_code == ErrorCode::kNone);
  CHECK(left.members.at(1).error_code == ErrorCode::kUnknownMemberId);
  CHECK(again.fetch() == 42);

  // Empty groups are found again too, and deleted ones are not.
  n.crash_and_restart();
  CHECK(n.ask<kafka::ListGroupsResponse>(kafka::ListGroupsRequest{}).groups.at(0).group_state == "Empty");
  remove.groups_names = {"g"};
  CHECK(n.ask<kafka::DeleteGroupsResponse>(remove).results.at(0).error_code == ErrorCode::kNone);
  CHECK(n.ask<kafka::ListGroupsResponse>(kafka::ListGroupsRequest{}).groups.empty());
  n.crash_and_restart();
  CHECK(n.ask<kafka::ListGroupsResponse>(kafka::ListGroupsRequest{}).groups.empty());
  CHECK(Consumer{n}.fetch() == -1);
}

TEST_CASE("offsets without a group, all offsets of a group, and those of a topic that is deleted") {
  Node n;
  n.create("t");
  n.create("u");
  find_coordinator(n);
  Consumer admin{n};
  CHECK(admin.commit(5) == ErrorCode::kNone);
  CHECK(admin.commit(6, "u") == ErrorCode::kNone);
  kafka::OffsetFetchRequest all;
  all.groups.emplace_back();
  all.groups[0].group_id = "g";
  all.groups[0].topics = std::nullopt;
  CHECK(n.ask<kafka::OffsetFetchResponse>(all).groups.at(0).topics.size() == 2);
  kafka::OffsetFetchRequest old;
  old.group_id = "g";
  old.topics->push_back({"u", {0, 1}});
  const auto fetched = n.ask<kafka::OffsetFetchResponse>(old, 1);
  CHECK(fetched.topics.at(0).partitions.at(0).committed_offset == 6);
  CHECK(fetched.topics[0].partitions.at(1).committed_offset == -1);
  CHECK(fetched.topics[0].partitions[1].error_code == ErrorCode::kNone);
  Consumer stranger{n, "g", "somebody", 3};
  CHECK(stranger.commit(9) == ErrorCode::kUnknownMemberId);
  Consumer unknown{n, "new", "somebody", 3};
  CHECK(unknown.commit(9) == ErrorCode::kIllegalGeneration);

  kafka::DeleteTopicsRequest drop;
  drop.timeout_ms = 1000;
  drop.topics.push_back({"u", {}});
  CHECK(n.ask<kafka::DeleteTopicsResponse>(drop).responses.at(0).error_code == ErrorCode::kNone);
  CHECK(n.ask<kafka::OffsetFetchResponse>(all).groups.at(0).topics.size() == 1);
  n.crash_and_restart();
  CHECK(n.ask<kafka::OffsetFetchResponse>(all).groups.at(0).topics.size() == 1);
  // A week later nothing is left.
  n.data.reactor.advance(ms(7LL * 24 * 60 * 60 * 1000 + 600'000));
  CHECK(n.ask<kafka::OffsetFetchResponse>(all).groups.at(0).topics.empty());
  CHECK(n.ask<kafka::ListGroupsResponse>(kafka::ListGroupsRequest{}).groups.empty());
}

TEST_CASE("session time-outs outside the broker's limits are refused") {
  Node n;
  find_coordinator(n);
  kafka::JoinGroupRequest request;
  request.group_id = "g";
  request.session_timeout_ms = 5999;
  request.protocol_type = "consumer";
  request.protocols.push_back({"range", {}});
  CHECK(n.ask<kafka::JoinGroupResponse>(request).error_code == ErrorCode::kInvalidSessionTimeout);
  request.session_timeout_ms = 1'800'001;
  CHECK(n.ask<kafka::JoinGroupResponse>(request).error_code == ErrorCode::kInvalidSessionTimeout);
  request.session_timeout_ms = 6000;
  request.group_id = "";
  CHECK(n.ask<kafka::JoinGroupResponse>(request).error_code == ErrorCode::kInvalidGroupId);
}
