// A whole broker of one on a ZooKeeper in memory and logs in memory: requests go in as bytes. Topics through the
// znodes, configurations, groups, and what is found again after a crash.
#include "core/broker/cluster_member.h"

#include <doctest/doctest.h>

#include "core/broker/api/admin_handlers.h"
#include "core/broker/zk/paths.h"
#include "core/kafka/consumer_protocol.h"
#include "core/kafka/message/all.h"
#include "tests/unit/broker/data/data_fixture.h"
#include "tests/unit/broker/fake_zk.h"

using namespace kz;
using namespace kz::broker;
using kafka::ErrorCode;
using kz::broker::test::Answer;
using kz::broker::test::DataFixture;
using kz::test::FakeZk;
using kz::test::FakeZkSession;

namespace {

const ConfigMap kSmall = {{"offsets.topic.num.partitions", "3"},
                          {"offsets.topic.replication.factor", "1"},
                          {"group.initial.rebalance.delay.ms", "0"},
                          {"num.partitions", "2"}};

// Outlives restarts of the broker: ZooKeeper's nodes. The logs are the fixture's.
struct Node {
  explicit Node(ConfigMap properties = kSmall) : data(std::move(properties)) { boot(); }

  void boot() {
    session = std::make_unique<FakeZkSession>(zk);
    data.broker->topic_admin = nullptr;
    member = std::make_unique<ClusterMember>(*data.broker, *session, data.reactor, rng);
    register_admin_handlers(*data.broker, *member);
    Registration paths(*session, data.reactor, rng);
    paths.ensure_paths([](Outcome<void> r) { REQUIRE(r.has_value()); });
    data.reactor.run();
    bool joined = false;
    member->load_configs([&](Outcome<void> loaded) {
      REQUIRE(loaded.has_value());
      member->join({{"PLAINTEXT", "PLAINTEXT", "broker.example", 9092}},
                   [&](Outcome<void> r) { joined = r.has_value(); });
    });
    data.reactor.run();
    REQUIRE(joined);
    REQUIRE(member->controller().ready());
  }
  // SIGKILL, and the predecessor's session closed by the next start: memory is gone, znodes and logs are not.
  void crash_and_restart() {
    session->abandon();
    member.reset();
    session->close();
    data.broker.reset();
    data.broker =
        std::make_unique<Broker>(configs_of_restart, data.store, DataFixture::kSelf, "cluster-id-0123456789a");
    register_data_handlers(*data.broker);
    boot();
  }

  template <class Res, class Req>
  Res ask(const Req& request, int16_t version = Req::kMaxVersion, ConnId conn = 1) {
    const std::shared_ptr<Answer> answer = data.send(request, version, "test", conn);
    data.reactor.run();
    return DataFixture::decode<Res>(*answer, version);
  }
  kafka::CreateTopicsResponse::CreatableTopicResult create(const std::string& name, int32_t partitions = 1,
                                                           int16_t factor = 1, ConfigMap config = {},
                                                           bool validate_only = false, int16_t version = 7) {
    kafka::CreateTopicsRequest request;
    request.timeout_ms = 1000;
    request.validate_only = validate_only;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = factor;
    for (const auto& [key, value] : config) topic.configs.push_back({key, value});
    auto response = ask<kafka::CreateTopicsResponse>(request, version);
    REQUIRE(response.topics.size() == 1);
    return response.topics[0];
  }

  Rng rng{3};
  BrokerConfigs configs_of_restart{[] {
    ConfigMap c = kSmall;
    c["broker.id"] = "7";
    c["zookeeper.connect"] = "localhost:2181";
    return c;
  }()};
  DataFixture data;
  FakeZk zk{data.reactor};
  std::unique_ptr<FakeZkSession> session;
  std::unique_ptr<ClusterMember> member;
};

std::string text(const std::optional<std::string>& s) { return s.value_or("<null>"); }

}  // namespace

TEST_CASE("CreateTopics: znodes, leaders, ids and configurations in the answer") {
  Node n;
  const auto made = n.create("t", -1, -1, {{"retention.ms", "1000"}});
  CHECK(made.error_code == ErrorCode::kNone);
  CHECK(!made.error_message);
  CHECK(made.num_partitions == 2);
  CHECK(made.replication_factor == 1);
  CHECK(made.topic_id == decode_topic(n.zk.data("/brokers/topics/t"))->topic_id);
  CHECK(*decode_config(n.zk.data("/config/topics/t")) == ConfigMap{{"retention.ms", "1000"}});
  REQUIRE(made.configs);
  bool found = false;
  for (const auto& c : *made.configs) {
    if (c.name != "retention.ms") continue;
    found = true;
    CHECK(text(c.value) == "1000");
    CHECK(c.config_source == 1);
  }
  CHECK(found);
  // The log was made with its configuration.
  CHECK(n.data.store.log("t", 0).config().retention_ms == 1000);
  CHECK(n.data.broker->image()->partition("t", 1)->leader == DataFixture::kSelf);
  // Old versions know neither.
  CHECK(n.create("old", 1, 1, {}, false, 0).error_code == ErrorCode::kNone);
}

TEST_CASE("CreateTopics: what is refused, in Kafka's words") {
  Node n;
  n.create("t");
  const auto refused = [&](const auto& result, ErrorCode code, const std::string& message) {
    CHECK(result.error_code == code);
    CHECK(text(result.error_message) == message);
    CHECK(result.num_partitions == -1);
  };
  refused(n.create("t"), ErrorCode::kTopicAlreadyExists, "Topic 't' already exists.");
  refused(n.create("rf", 1, 2), ErrorCode::kInvalidReplicationFactor,
          "Replication factor: 2 larger than available brokers: 1.");
  refused(n.create("p", 0, 1), ErrorCode::kInvalidPartitions, "Number of partitions must be larger than 0.");
  refused(n.create("p", 1, 0), ErrorCode::kInvalidReplicationFactor, "Replication factor must be larger than 0.");
  refused(n.create("a b"), ErrorCode::kInvalidTopicException,
          "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and "
          "'-'");
  n.create("a.b");
  refused(n.create("a_b"), ErrorCode::kInvalidTopicException, "Topic 'a_b' collides with existing topics: a.b");
  refused(n.create("c", 1, 1, {{"retention.ms", "abc"}}), ErrorCode::kInvalidConfig,
          "Invalid value abc for configuration retention.ms: Not a number of type LONG");
  CHECK(n.create("c", 1, 1, {{"foo.bar", "1"}}).error_code == ErrorCode::kInvalidConfig);
  CHECK(!n.zk.has("/brokers/topics/c"));
  CHECK(!n.zk.has("/config/topics/c"));

  kafka::CreateTopicsRequest twice;
  twice.timeout_ms = 1000;
  twice.topics.resize(2);
  twice.topics[0].name = twice.topics[1].name = "twice";
  const auto response = n.ask<kafka::CreateTopicsResponse>(twice);
  REQUIRE(response.topics.size() == 1);
  CHECK(response.topics[0].error_code == ErrorCode::kInvalidRequest);
  CHECK(text(response.topics[0].error_message) == "Found multiple entries for this topic.");
}

TEST_CASE("CreateTopics: manual assignments and validate_only") {
  Node n;
  kafka::CreateTopicsRequest request;
  request.timeout_ms = 1000;
  auto& topic = request.topics.emplace_back();
  topic.name = "m";
  topic.num_partitions = -1;
  topic.replication_factor = -1;
  topic.assignments = {{0, {7}}, {1, {7}}};
  CHECK(n.ask<kafka::CreateTopicsResponse>(request).topics[0].num_partitions == 2);
  topic.name = "gap";
  topic.assignments = {{0, {7}}, {2, {7}}};
  CHECK(text(n.ask<kafka::CreateTopicsResponse>(request).topics[0].error_message) ==
        "partitions should be a consecutive 0-based integer sequence");
  topic.assignments = {{0, {7, 7}}};
  CHECK(n.ask<kafka::CreateTopicsResponse>(request).topics[0].error_code == ErrorCode::kInvalidReplicaAssignment);
  topic.num_partitions = 1;
  CHECK(n.ask<kafka::CreateTopicsResponse>(request).topics[0].error_code == ErrorCode::kInvalidRequest);
  const auto checked = n.create("dry", 3, 1, {}, true);
  CHECK(checked.error_code == ErrorCode::kNone);
  CHECK(checked.num_partitions == 3);
  CHECK(!n.zk.has("/brokers/topics/dry"));
  CHECK(!n.zk.has("/config/topics/dry"));
}

TEST_CASE("without a time-out nobody waits, and a topic that gets no leader is answered late") {
  Node n;
  kafka::CreateTopicsRequest request;
  request.timeout_ms = 0;
  request.topics.emplace_back().name = "now";
  request.topics[0].num_partitions = request.topics[0].replication_factor = 1;
  CHECK(n.ask<kafka::CreateTopicsResponse>(request).topics[0].error_code == ErrorCode::kRequestTimedOut);
  CHECK(n.zk.has("/brokers/topics/now"));
  // Its only replica is on a broker that is not there.
  kafka::CreateTopicsRequest lost;
  lost.timeout_ms = 500;
  auto& topic = lost.topics.emplace_back();
  topic.name = "lost";
  topic.num_partitions = topic.replication_factor = -1;
  topic.assignments = {{0, {9}}};
  const auto answer = n.data.send(lost, 7);
  n.data.reactor.run();
  CHECK(answer->pending());
  n.data.reactor.advance(ms(500));
  CHECK(DataFixture::decode<kafka::CreateTopicsResponse>(*answer, 7).topics[0].error_code ==
        ErrorCode::kRequestTimedOut);
}

TEST_CASE("CreatePartitions") {
  Node n;
  n.create("t", 2);
  const auto grow = [&](int32_t count, const std::string& name = "t") {
    kafka::CreatePartitionsRequest request;
    request.timeout_ms = 1000;
    request.topics.push_back({name, count, std::nullopt});
    return n.ask<kafka::CreatePartitionsResponse>(request).results.at(0);
  };
  CHECK(text(grow(1).error_message) == "Topic currently has 2 partitions, which is higher than the requested 1.");
  CHECK(text(grow(2).error_message) == "Topic already has 2 partitions.");
  CHECK(grow(2).error_code == ErrorCode::kInvalidPartitions);
  CHECK(text(grow(5, "nope").error_message) == "The topic 'nope' does not exist.");
  CHECK(grow(5).error_code == ErrorCode::kNone);
  CHECK(n.data.broker->image()->partition("t", 4)->leader == DataFixture::kSelf);
  CHECK(decode_topic(n.zk.data("/brokers/topics/t"))->partitions.size() == 5);
}

TEST_CASE("DeleteTopics by name and by id") {
  Node n;
  n.create("t");
  const auto by_id = n.create("u").topic_id;
  kafka::DeleteTopicsRequest request;
  request.timeout_ms = 1000;
  request.topics.push_back({"t", {}});
  request.topics.push_back({std::nullopt, by_id});
  request.topics.push_back({std::nullopt, kafka::Uuid{1, 1}});
  request.topics.push_back({"nope", {}});
  const auto response = n.ask<kafka::DeleteTopicsResponse>(request);
  REQUIRE(response.responses.size() == 4);
  CHECK(response.responses[0].error_code == ErrorCode::kNone);
  CHECK(response.responses[1].error_code == ErrorCode::kNone);
  CHECK(text(response.responses[1].name) == "u");
  CHECK(response.responses[2].error_code == ErrorCode::kUnknownTopicId);
  CHECK(response.responses[3].error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(n.zk.children("/brokers/topics").empty());
  CHECK(!n.data.broker->image()->topic("t"));
  CHECK(n.data.store.logs.empty());
  // The name is free at once.
  CHECK(n.create("t").error_code == ErrorCode::kNone);
}

TEST_CASE("configurations are altered through /config/changes and reach the log") {
  Node n;
  n.create("t", 1, 1, {{"retention.ms", "1000"}});
  const auto alter = [&](const std::string& topic, const std::string& key, int8_t op,
                         std::optional<std::string> value) {
    kafka::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = 2;
    resource.resource_name = topic;
    resource.configs.push_back({key, op, std::move(value)});
    return n.ask<kafka::IncrementalAlterConfigsResponse>(request).responses.at(0);
  };
  CHECK(alter("t", "segment.bytes", 0, "4096").error_code == ErrorCode::kNone);
  CHECK(n.data.store.log("t", 0).config().segment_bytes == 4096);
  CHECK(n.data.store.log("t", 0).config().retention_ms == 1000);
  CHECK(n.zk.children("/config/changes").size() == 1);
  CHECK(alter("t", "retention.ms", 1, std::nullopt).error_code == ErrorCode::kNone);
  CHECK(n.data.store.log("t", 0).config().retention_ms == 604800000);
  CHECK(alter("t", "cleanup.policy", 2, "compact").error_code == ErrorCode::kNone);
  CHECK(n.data.store.log("t", 0).config().compact);
  CHECK(n.data.store.log("t", 0).config().del);
  CHECK(alter("t", "cleanup.policy", 3, "delete").error_code == ErrorCode::kNone);
  CHECK(!n.data.store.log("t", 0).config().del);
  CHECK(text(alter("t", "retention.ms", 2, "1").error_message) ==
        "Config value append is not allowed for config key: retention.ms");
  CHECK(text(alter("t", "retention.ms", 0, std::nullopt).error_message) ==
        "Null value not supported for : retention.ms");
  CHECK(text(alter("t", "retention.ms", 0, "x").error_message) ==
        "Invalid config value for resource ConfigResource(type=TOPIC, name='t'): Invalid value x for configuration "
        "retention.ms: Not a number of type LONG");
  CHECK(text(alter("nope", "retention.ms", 0, "1").error_message) == "The topic 'nope' does not exist.");
  CHECK(text(alter("t", "foo.bar", 0, "1").error_message) == "Unknown topic config name: foo.bar");

  // The old request replaces everything.
  kafka::AlterConfigsRequest replace;
  replace.resources.push_back({2, "t", {{"retention.ms", "5"}}});
  CHECK(n.ask<kafka::AlterConfigsResponse>(replace).responses.at(0).error_code == ErrorCode::kNone);
  CHECK(*decode_config(n.zk.data("/config/topics/t")) == ConfigMap{{"retention.ms", "5"}});
  // Another process, a tool that writes the znodes, is heard as well.
  n.session->set("/config/topics/t", encode_config({{"retention.ms", "6"}}), -1, [](const ZkResult&) {});
  n.session->create(zkpath::kConfigChangePrefix, encode_config_change("topics/t"), ZkMode::kPersistentSequential,
                    [](const ZkResult&) {});
  n.data.reactor.run();
  CHECK(n.data.store.log("t", 0).config().retention_ms == 6);
}

TEST_CASE("old notifications of configuration changes are purged") {
  Node n;
  n.create("t");
  kafka::AlterConfigsRequest replace;
  replace.resources.push_back({2, "t", {{"retention.ms", "5"}}});
  n.ask<kafka::AlterConfigsResponse>(replace);
  CHECK(n.zk.children("/config/changes").size() == 1);
  n.data.reactor.advance(ms(16 * 60 * 1000));
  n.ask<kafka::AlterConfigsResponse>(replace);
  CHECK(n.zk.children("/config/changes") == std::vector<std::string>{"config_change_0000000001"});
}

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

TEST_CASE("Metadata makes an unknown topic with the broker's defaults") {
  Node n;
  kafka::MetadataRequest request;
  request.topics.emplace();
  request.topics->emplace_back().name = "auto";
  request.allow_auto_topic_creation = true;
  const auto first = n.ask<kafka::MetadataResponse>(request);
  CHECK(first.topics.at(0).error_code != ErrorCode::kNone);
  const auto second = n.ask<kafka::MetadataResponse>(request);
  CHECK(second.topics.at(0).error_code == ErrorCode::kNone);
  CHECK(second.topics[0].partitions.size() == 2);
}
