// A whole broker of one: topics through the znodes, configurations and their notifications, automatic creation.
#include "tests/unit/broker/member_node.h"

using namespace kz;
using namespace kz::broker;
using namespace kz::broker::test;

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

TEST_CASE("a change whose reading the session's end cut off is read again with the next session") {
  Node n;
  n.create("t");
  n.session->lose_get = "/config/topics/t";
  n.session->set("/config/topics/t", encode_config({{"retention.ms", "6"}}), -1, [](const ZkResult&) {});
  n.session->create(zkpath::kConfigChangePrefix, encode_config_change("topics/t"), ZkMode::kPersistentSequential,
                    [](const ZkResult&) {});
  n.data.reactor.run();
  CHECK(n.data.store.log("t", 0).config().retention_ms == 604800000);
  n.session->expire();
  n.data.reactor.run();
  CHECK(n.data.store.log("t", 0).config().retention_ms == 6);
}

TEST_CASE("a failed log directory: the controller is told, its partitions are offline, the others go on") {
  Node n;
  n.create("t");
  n.create("u");
  n.data.store.log("t", 0).is_offline = true;
  n.data.store.on_directory_failed("/data", "the disk is gone");
  n.data.reactor.run();
  CHECK(std::ranges::count(n.zk.writes, "create /log_dir_event_notification/log_dir_event_0000000000") == 1);
  CHECK(n.zk.children(zkpath::kLogDirNotifications).empty());
  const auto state = decode_partition_state(n.zk.data(zkpath::state({"t", 0})), 0);
  REQUIRE(state.has_value());
  CHECK(state->leader == -1);
  CHECK(state->isr == std::vector<BrokerId>{DataFixture::kSelf});

  kafka::MetadataRequest request;
  request.topics.emplace();
  request.topics->emplace_back().name = "t";
  request.topics->emplace_back().name = "u";
  const auto metadata = n.ask<kafka::MetadataResponse>(request);
  for (const auto& topic : metadata.topics) {
    const bool lost = topic.name == "t";
    const auto& p = topic.partitions.at(0);
    CHECK(p.error_code == (lost ? ErrorCode::kLeaderNotAvailable : ErrorCode::kNone));
    CHECK(p.leader_id == (lost ? -1 : DataFixture::kSelf));
    CHECK(p.offline_replicas.size() == (lost ? 1 : 0));
  }
  kafka::ProduceRequest produce;
  produce.acks = 1;
  produce.topic_data.push_back({"t", {{0, DataFixture::batch({"x"})}}});
  produce.topic_data.push_back({"u", {{0, DataFixture::batch({"x"})}}});
  const auto produced = n.ask<kafka::ProduceResponse>(produce, 9);
  CHECK(produced.responses.at(0).partition_responses.at(0).error_code == ErrorCode::kKafkaStorageError);
  CHECK(produced.responses.at(1).partition_responses.at(0).error_code == ErrorCode::kNone);
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
