// Metadata and DescribeCluster against KafkaApis.handleTopicMetadataRequest @ 3.4.0, and the image they answer from.
#include "core/kafka/message/metadata.h"

#include "core/kafka/message/describe_cluster.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

using kafka::ErrorCode;
using kafka::MetadataRequest;
using kafka::MetadataResponse;

MetadataRequest ask(std::initializer_list<const char*> names) {
  MetadataRequest request;
  for (const char* n : names) request.topics->push_back({{}, n});
  return request;
}

// Creates what it is told to, at once or when told.
struct FakeAdmin final : TopicAdmin {
  DataFixture* fixture = nullptr;
  std::vector<std::string> asked;
  ErrorCode code = ErrorCode::kNone;
  bool create = true;
  Done held;
  bool hold = false;
  void auto_create(std::vector<std::string> topics, Done done) override {
    asked = topics;
    if (hold) {
      held = std::move(done);
      return;
    }
    if (code == ErrorCode::kNone && create) {
      for (const auto& t : topics) fixture->make_topic(t, 1, {3, 3});
    }
    done(std::vector<ErrorCode>(topics.size(), code));
  }
};

TEST_CASE("all topics: null, or empty in version 0 only") {
  DataFixture f;
  f.make_topic("b", 2);
  f.make_topic("a", 1, {8, 8});
  MetadataRequest all;
  all.topics.reset();
  for (int16_t version = 1; version <= 12; ++version) {
    const auto response = f.call<MetadataResponse>(all, version);
    REQUIRE(response.topics.size() == 2);
    CHECK(response.topics[0].name == "a");
    CHECK(response.topics[1].partitions.size() == 2);
    CHECK(response.controller_id == 7);
    REQUIRE(response.brokers.size() == 1);
    CHECK(response.brokers[0].node_id == 7);
    CHECK(response.brokers[0].host == "broker.example");
    CHECK(response.brokers[0].port == 9092);
    if (version >= 2) CHECK(response.cluster_id == "cluster-id-0123456789a");
    CHECK(response.topics[0].topic_id == (version >= 10 ? kafka::Uuid{8, 8} : kafka::Uuid{}));
  }
  CHECK(f.call<MetadataResponse>(MetadataRequest{}, 0).topics.size() == 2);
  CHECK(f.call<MetadataResponse>(MetadataRequest{}, 1).topics.empty());
}

TEST_CASE("a partition's leader, epoch, replicas and ISR") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7}, 5);
  const auto response = f.call<MetadataResponse>(ask({"t"}), 12);
  const auto& p = response.topics.at(0).partitions.at(0);
  CHECK(p.leader_id == 7);
  CHECK(p.leader_epoch == 5);
  CHECK(p.replica_nodes == std::vector<int32_t>{7});
  CHECK(p.isr_nodes == std::vector<int32_t>{7});
  CHECK(p.offline_replicas.empty());
  CHECK(response.topics[0].error_code == ErrorCode::kNone);
}

TEST_CASE("a dead leader, and a leader without this listener, by version") {
  DataFixture f;
  MetadataUpdate update = f.cluster();
  update.live_brokers.push_back({8, {{"INTERNAL", "PLAINTEXT", "x", 1}}, std::nullopt, 1});
  update.topics.push_back({"dead", {4, 4}, {{0, PartitionInfo{9, 0, 0, 0, {9, 7}, {7}, {}}}}});
  update.topics.push_back({"hidden", {5, 5}, {{0, PartitionInfo{8, 0, 0, 0, {8}, {8}, {}}}}});
  f.broker->apply_metadata(update);
  const auto v12 = f.call<MetadataResponse>(ask({"dead", "hidden"}), 12);
  CHECK(v12.brokers.size() == 1);  // the broker that this listener does not reach is not listed
  CHECK(v12.topics[0].partitions[0].error_code == ErrorCode::kLeaderNotAvailable);
  CHECK(v12.topics[0].partitions[0].leader_id == -1);
  CHECK(v12.topics[0].partitions[0].offline_replicas == std::vector<int32_t>{9});
  CHECK(v12.topics[0].partitions[0].replica_nodes == std::vector<int32_t>{9, 7});
  CHECK(v12.topics[1].partitions[0].error_code == ErrorCode::kListenerNotFound);
  const auto v5 = f.call<MetadataResponse>(ask({"hidden"}), 5);
  CHECK(v5.topics[0].partitions[0].error_code == ErrorCode::kLeaderNotAvailable);
  const auto v0 = f.call<MetadataResponse>(ask({"dead"}), 0);
  CHECK(v0.topics[0].partitions[0].replica_nodes == std::vector<int32_t>{7});
}

TEST_CASE("unknown topics without auto-creation, illegal names always") {
  DataFixture f;
  FakeAdmin admin;
  admin.fixture = &f;
  f.broker->topic_admin = &admin;
  MetadataRequest request = ask({"nope", "bad/name", ""});
  request.allow_auto_topic_creation = false;
  const auto response = f.call<MetadataResponse>(request, 9);
  CHECK(response.topics[0].error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(response.topics[1].error_code == ErrorCode::kInvalidTopicException);
  CHECK(response.topics[2].error_code == ErrorCode::kInvalidTopicException);
  CHECK(admin.asked.empty());
}

TEST_CASE("auto-creation answers the topic itself when its leader is known by then") {
  DataFixture f;
  FakeAdmin admin;
  admin.fixture = &f;
  f.broker->topic_admin = &admin;
  // Versions below 4 cannot say no to it.
  const auto response = f.call<MetadataResponse>(ask({"fresh", "fresh"}), 1);
  CHECK(admin.asked == std::vector<std::string>{"fresh"});
  REQUIRE(response.topics.size() == 1);
  CHECK(response.topics[0].error_code == ErrorCode::kNone);
  CHECK(response.topics[0].partitions.size() == 1);
}

TEST_CASE("auto-creation in progress is LEADER_NOT_AVAILABLE, a refusal keeps its code, and the answer may come late") {
  DataFixture f;
  FakeAdmin admin;
  admin.fixture = &f;
  admin.create = false;
  f.broker->topic_admin = &admin;
  CHECK(f.call<MetadataResponse>(ask({"x"}), 9).topics[0].error_code == ErrorCode::kLeaderNotAvailable);
  admin.code = ErrorCode::kInvalidReplicationFactor;
  CHECK(f.call<MetadataResponse>(ask({"x"}), 9).topics[0].error_code == ErrorCode::kInvalidReplicationFactor);
  admin.hold = true;
  const auto answer = f.send(ask({"x"}), 9);
  CHECK(answer->pending());
  admin.held({ErrorCode::kTopicAlreadyExists});
  CHECK(f.decode<MetadataResponse>(*answer, 9).topics[0].error_code == ErrorCode::kLeaderNotAvailable);
}

TEST_CASE("a controller that does not answer leaves nobody waiting") {
  DataFixture f;
  FakeAdmin admin;
  admin.fixture = &f;
  admin.hold = true;
  f.broker->topic_admin = &admin;
  const auto answer = f.send(ask({"x"}), 9);
  f.reactor.advance(ms(4999));
  CHECK(answer->pending());
  f.reactor.advance(ms(1));
  CHECK(f.decode<MetadataResponse>(*answer, 9).topics[0].error_code == ErrorCode::kLeaderNotAvailable);
  admin.held({ErrorCode::kNone});  // too late, and harmless
}

TEST_CASE("auto.create.topics.enable=false wins over the client's wish") {
  DataFixture f(ConfigMap{{"auto.create.topics.enable", "false"}});
  FakeAdmin admin;
  admin.fixture = &f;
  f.broker->topic_admin = &admin;
  CHECK(f.call<MetadataResponse>(ask({"x"}), 9).topics[0].error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(admin.asked.empty());
}

TEST_CASE("topic ids work from version 12; before that a request with them is invalid") {
  DataFixture f;
  f.make_topic("t", 1, {6, 7});
  MetadataRequest request;
  request.topics->push_back({{6, 7}, std::nullopt});
  request.topics->push_back({{6, 8}, std::nullopt});
  const auto response = f.call<MetadataResponse>(request, 12);
  CHECK(response.topics[0].name == "t");
  CHECK(response.topics[0].error_code == ErrorCode::kNone);
  CHECK(response.topics[1].error_code == ErrorCode::kUnknownTopicId);
  CHECK_FALSE(response.topics[1].name.has_value());
  CHECK(f.call<MetadataResponse>(request, 10).topics[0].error_code == ErrorCode::kInvalidRequest);
}

TEST_CASE("authorized operations are all of them, and only when asked") {
  DataFixture f;
  f.make_topic("t", 1);
  MetadataRequest request = ask({"t"});
  CHECK(f.call<MetadataResponse>(request, 8).topics[0].topic_authorized_operations == INT32_MIN);
  request.include_topic_authorized_operations = true;
  request.include_cluster_authorized_operations = true;
  const auto response = f.call<MetadataResponse>(request, 8);
  CHECK(response.topics[0].topic_authorized_operations == 3576);  // what a 3.4.0 broker without an authorizer answers
  CHECK(response.cluster_authorized_operations == 8096);
  kafka::DescribeClusterRequest cluster;
  CHECK(f.call<kafka::DescribeClusterResponse>(cluster, 0).cluster_authorized_operations == INT32_MIN);
  cluster.include_cluster_authorized_operations = true;
  const auto described = f.call<kafka::DescribeClusterResponse>(cluster, 0);
  CHECK(described.cluster_authorized_operations == 8096);
  CHECK(described.controller_id == 7);
  CHECK(described.brokers.size() == 1);
}

TEST_CASE("image: deletion removes, a new id under an old name starts afresh, old images stay as they were") {
  MetadataUpdate one;
  one.live_brokers.push_back({1, {}, std::nullopt, 1});
  one.topics.push_back(
      {"t", {1, 1}, {{0, PartitionInfo{1, 0, 0, 0, {1}, {1}, {}}}, {1, PartitionInfo{1, 0, 0, 0, {1}, {1}, {}}}}});
  const auto first = MetadataImage().apply(one);
  REQUIRE(first->topic("t"));
  CHECK(first->topic("t")->partitions.size() == 2);
  MetadataUpdate again;
  again.topics.push_back({"t", {2, 2}, {{0, PartitionInfo{1, 0, 0, 0, {1}, {1}, {}}}}});
  const auto second = first->apply(again);
  CHECK(second->topic("t")->partitions.size() == 1);
  CHECK(second->topic(kafka::Uuid{1, 1}) == nullptr);
  CHECK(second->topic(kafka::Uuid{2, 2}) != nullptr);
  CHECK_FALSE(second->alive(1));  // the live brokers are replaced as a whole
  MetadataUpdate gone;
  PartitionInfo deleted;
  deleted.leader = kLeaderDuringDelete;
  gone.topics.push_back({"t", {2, 2}, {{0, deleted}}});
  const auto third = second->apply(gone);
  CHECK(third->topic("t") == nullptr);
  CHECK(third->topics().empty());
  CHECK(first->topic("t")->partitions.size() == 2);
}

}  // namespace
}  // namespace kz::broker::test
