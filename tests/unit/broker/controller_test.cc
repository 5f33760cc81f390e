// The controller against a ZooKeeper in memory: the znodes it writes and in which order, what brokers are told, and
// that a deposed controller writes nothing.
#include "core/broker/controller/controller.h"

#include <doctest/doctest.h>

#include "core/broker/zk/paths.h"
#include "core/broker/zk/registration.h"
#include "tests/unit/broker/fake_zk.h"
#include "tests/unit/broker/manual_executor.h"

using namespace kz;
using namespace kz::broker;
using kz::test::FakeZk;
using kz::test::FakeZkSession;
using kz::test::ManualExecutor;

namespace {

// What one broker was told, answered with success unless the test says otherwise.
struct Told {
  std::vector<ControlRequest> requests;
  kafka::ErrorCode stop_error = kafka::ErrorCode::kNone;
  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const ControlRequest& r : requests) {
      if (const T* one = std::get_if<T>(&r.body)) out.push_back(*one);
    }
    return out;
  }
};

class RecordingChannel final : public BrokerChannel {
 public:
  explicit RecordingChannel(Told& told) : told_(told) {}
  void send(ControlRequest request, Done done) override {
    LeadershipResult result;
    if (auto* l = std::get_if<LeaderAndIsrUpdate>(&request.body)) {
      for (const auto& p : l->partitions) result.partitions.push_back({p.tp, kafka::ErrorCode::kNone});
    } else if (auto* s = std::get_if<StopReplicaUpdate>(&request.body)) {
      for (const auto& p : s->partitions) result.partitions.push_back({p.tp, told_.stop_error});
    }
    told_.requests.push_back(std::move(request));
    done(std::move(result));
  }

 private:
  Told& told_;
};

// A broker process: its session, its registration, its candidate for controller.
struct Member {
  Member(FakeZk& zk, ManualExecutor& executor, Rng& rng, std::map<BrokerId, Told>& told, BrokerId broker)
      : id(broker), session(zk), registration(session, executor, rng) {
    ControllerConfig config;
    config.broker_id = id;
    controller = std::make_unique<Controller>(config, session, executor, rng, [&told](const BrokerNode& to) {
      return std::make_unique<RecordingChannel>(told[to.id]);
    });
    node.id = id;
    node.endpoints = {{"PLAINTEXT", "PLAINTEXT", "localhost", 9092 + id}};
    controller->reregister = [this](std::move_only_function<void(bool)> done) {
      registration.register_broker(node, 0, [d = std::move(done)](Outcome<int64_t> r) mutable { d(r.has_value()); });
    };
  }
  void join() {
    registration.register_broker(node, 0, [this](Outcome<int64_t> e) {
      epoch = e.value_or(-1);
      if (e) controller->startup();
    });
  }
  BrokerId id;
  FakeZkSession session;
  Registration registration;
  std::unique_ptr<Controller> controller;
  BrokerNode node;
  int64_t epoch = -2;
};

struct Cluster {
  ManualExecutor executor;
  FakeZk zk{executor};
  Rng rng{42};
  std::map<BrokerId, Told> told;
  FakeZkSession admin{zk};
  std::map<BrokerId, std::unique_ptr<Member>> members;

  Cluster() {
    Registration paths(admin, executor, rng);
    bool ok = false;
    paths.ensure_paths([&](Outcome<void> r) { ok = r.has_value(); });
    executor.run();
    REQUIRE(ok);
  }
  Member& start(BrokerId id) {
    members[id] = std::make_unique<Member>(zk, executor, rng, told, id);
    members[id]->join();
    executor.run();
    return *members[id];
  }
  void put(const std::string& path, const std::string& data = {}) {
    admin.create(path, data, ZkMode::kPersistent, [](const ZkResult& r) { REQUIRE(r.ok()); });
    executor.run();
  }
  void create_topic(const std::string& name, std::vector<std::vector<BrokerId>> replicas, ConfigMap config = {}) {
    put(zkpath::config("topics", name), encode_config(config));
    TopicNode node;
    node.topic_id = kafka::Uuid::random(rng);
    for (size_t i = 0; i < replicas.size(); ++i) node.partitions[static_cast<int32_t>(i)].replicas = replicas[i];
    put(zkpath::topic(name), encode_topic(node));
  }
  PartitionStateNode state(const std::string& topic, int32_t partition) {
    const std::string path = zkpath::state({topic, partition});
    REQUIRE(zk.has(path));
    return *decode_partition_state(zk.data(path), zk.stat(path).version);
  }
};

}  // namespace

TEST_CASE("the first broker becomes controller with epoch 1") {
  Cluster c;
  Member& m = c.start(1);
  CHECK(m.controller->active());
  CHECK(m.controller->ready());
  CHECK(m.controller->epoch() == 1);
  CHECK(c.zk.data("/controller_epoch") == "1");
  CHECK(decode_controller(c.zk.data("/controller"))->broker == 1);
  CHECK(c.zk.stat("/controller").ephemeral_owner == m.session.session_id());
  CHECK(decode_feature_enabled(c.zk.data("/feature")));
  // It is told who lives before anything else.
  const auto updates = c.told[1].all<MetadataUpdate>();
  REQUIRE(!updates.empty());
  CHECK(updates[0].controller_id == 1);
  REQUIRE(updates[0].live_brokers.size() == 1);
  CHECK(updates[0].live_brokers[0].epoch == m.epoch);
}

TEST_CASE("a topic's znodes are written in Kafka's order and its leader is told") {
  Cluster c;
  c.start(1);
  c.zk.writes.clear();
  c.told[1].requests.clear();
  c.create_topic("t", {{1}, {1}});
  const std::vector<std::string> expected = {
      "create /config/topics/t",
      "create /brokers/topics/t",
      "create /brokers/topics/t/partitions",
      "create /brokers/topics/t/partitions/0",
      "create /brokers/topics/t/partitions/1",
      "create /brokers/topics/t/partitions/0/state",
      "create /brokers/topics/t/partitions/1/state",
  };
  CHECK(c.zk.writes == expected);
  const PartitionStateNode s = c.state("t", 1);
  CHECK(s.leader == 1);
  CHECK(s.leader_epoch == 0);
  CHECK(s.isr == std::vector<BrokerId>{1});
  CHECK(s.controller_epoch == 1);
  // LeaderAndIsr, then UpdateMetadata.
  REQUIRE(c.told[1].requests.size() == 2);
  const auto& leadership = std::get<LeaderAndIsrUpdate>(c.told[1].requests[0].body);
  CHECK(c.told[1].requests[0].broker_epoch == c.members[1]->epoch);
  REQUIRE(leadership.partitions.size() == 2);
  CHECK(leadership.partitions[0].is_new);
  CHECK(leadership.partitions[0].leader == 1);
  CHECK(!leadership.partitions[0].topic_id.is_zero());
  const auto& metadata = std::get<MetadataUpdate>(c.told[1].requests[1].body);
  REQUIRE(metadata.topics.size() == 1);
  CHECK(metadata.topics[0].partitions.size() == 2);
}

TEST_CASE("a topic without an id gets one") {
  Cluster c;
  c.start(1);
  c.put("/brokers/topics/old", R"({"version":1,"partitions":{"0":[1]}})");
  CHECK(!decode_topic(c.zk.data("/brokers/topics/old"))->topic_id.is_zero());
  CHECK(c.state("old", 0).leader == 1);
}

TEST_CASE("a partition whose state is written already is taken over") {
  Cluster c;
  c.start(1);
  // As after a write whose answer was lost, or by a controller that died in the middle.
  c.create_topic("t", {{1}});
  c.put("/brokers/topics/t/partitions/1");
  PartitionStateNode s;
  s.leader = 1;
  s.isr = {1};
  s.controller_epoch = 1;
  s.leader_epoch = 4;
  c.put(zkpath::state({"t", 1}), encode_partition_state(s));
  c.told[1].requests.clear();
  TopicNode node = *decode_topic(c.zk.data("/brokers/topics/t"));
  node.partitions[1].replicas = {1};
  c.admin.set("/brokers/topics/t", encode_topic(node), -1, [](const ZkResult&) {});
  c.executor.run();
  const auto orders = c.told[1].all<LeaderAndIsrUpdate>();
  REQUIRE(!orders.empty());
  CHECK(orders.back().partitions.at(0).leader == 1);
  CHECK(orders.back().partitions.at(0).leader_epoch == 4);
}

TEST_CASE("partitions are added to a topic; a topic under deletion is put back") {
  Cluster c;
  c.start(1);
  c.create_topic("t", {{1}});
  auto node = *decode_topic(c.zk.data("/brokers/topics/t"));
  node.partitions[1].replicas = {1};
  c.admin.set("/brokers/topics/t", encode_topic(node), -1, [](const ZkResult&) {});
  c.executor.run();
  CHECK(c.state("t", 1).leader == 1);
  // While a replica cannot be deleted the topic stays, and grows no more.
  c.told[1].stop_error = kafka::ErrorCode::kKafkaStorageError;
  c.put("/admin/delete_topics/t");
  REQUIRE(c.zk.has("/brokers/topics/t"));
  node.partitions[2].replicas = {1};
  c.admin.set("/brokers/topics/t", encode_topic(node), -1, [](const ZkResult&) {});
  c.executor.run();
  CHECK(decode_topic(c.zk.data("/brokers/topics/t"))->partitions.size() == 2);
  CHECK(!c.zk.has("/brokers/topics/t/partitions/2"));
}

TEST_CASE("deletion: leader -2, stop, stop and delete, then the znodes with the request last") {
  Cluster c;
  c.start(1);
  c.create_topic("t", {{1}});
  c.told[1].requests.clear();
  c.zk.writes.clear();
  c.put("/admin/delete_topics/t");
  CHECK(!c.zk.has("/brokers/topics/t"));
  CHECK(!c.zk.has("/config/topics/t"));
  CHECK(!c.zk.has("/admin/delete_topics/t"));
  CHECK(c.zk.writes.back() == "delete /admin/delete_topics/t");
  const auto metadata = c.told[1].all<MetadataUpdate>();
  REQUIRE(!metadata.empty());
  CHECK(metadata[0].topics.at(0).partitions.at(0).second.leader == kLeaderDuringDelete);
  const auto stops = c.told[1].all<StopReplicaUpdate>();
  REQUIRE(stops.size() == 2);
  CHECK(!stops[0].partitions.at(0).delete_partition);
  CHECK(stops[1].partitions.at(0).delete_partition);
  CHECK(stops[1].partitions.at(0).leader_epoch == -2);
  // The name is free again.
  c.create_topic("t", {{1}});
  CHECK(c.state("t", 0).leader == 1);
}

TEST_CASE("deletion waits for a dead broker and goes on when it is back") {
  Cluster c;
  c.start(1);
  c.start(2);
  c.create_topic("t", {{1, 2}});
  c.members[2]->session.abandon();
  c.members[2]->session.close();
  c.executor.run();
  c.put("/admin/delete_topics/t");
  CHECK(c.zk.has("/brokers/topics/t"));
  c.start(2);
  CHECK(!c.zk.has("/brokers/topics/t"));
  CHECK(!c.zk.has("/admin/delete_topics/t"));
}

TEST_CASE("a request to delete an unknown topic is removed") {
  Cluster c;
  c.start(1);
  c.put("/admin/delete_topics/nope");
  CHECK(!c.zk.has("/admin/delete_topics/nope"));
}

TEST_CASE("a broker that dies loses its leaderships and its place in the ISR") {
  Cluster c;
  c.start(1);
  c.start(2);
  c.create_topic("t", {{2, 1}});
  c.create_topic("alone", {{2}});
  CHECK(c.state("t", 0).leader == 2);
  c.members[2]->session.abandon();
  c.members[2]->session.close();
  c.executor.run();
  CHECK(c.state("t", 0).leader == 1);
  CHECK(c.state("t", 0).isr == std::vector<BrokerId>{1});
  CHECK(c.state("t", 0).leader_epoch == 1);
  // The only member of an ISR stays in it, without leading.
  CHECK(c.state("alone", 0).leader == kNoLeader);
  CHECK(c.state("alone", 0).isr == std::vector<BrokerId>{2});
  const LeaderEpoch epoch = c.state("alone", 0).leader_epoch;
  c.start(2);
  CHECK(c.state("alone", 0).leader == 2);
  CHECK(c.state("alone", 0).leader_epoch > epoch);
  CHECK(c.state("t", 0).leader == 1);
}

TEST_CASE("an unclean election happens only where the topic allows it") {
  Cluster c;
  c.start(1);
  c.start(2);
  c.create_topic("unclean", {{2, 1}}, {{"unclean.leader.election.enable", "true"}});
  c.create_topic("clean", {{2, 1}});
  // Broker 1 falls out of both ISRs, then 2 dies.
  for (const char* topic : {"unclean", "clean"}) {
    PartitionStateNode s = c.state(topic, 0);
    s.isr = {2};
    c.admin.set(zkpath::state({topic, 0}), encode_partition_state(s), -1, [](const ZkResult&) {});
  }
  c.put("/isr_change_notification/isr_change_0000000001", encode_partition_list({{"unclean", 0}, {"clean", 0}}));
  CHECK(c.zk.children("/isr_change_notification").empty());
  c.members[2]->session.abandon();
  c.members[2]->session.close();
  c.executor.run();
  CHECK(c.state("clean", 0).leader == kNoLeader);
  CHECK(c.state("unclean", 0).leader == 1);
  CHECK(c.state("unclean", 0).isr == std::vector<BrokerId>{1});
  CHECK(c.state("unclean", 0).recovering);
}

TEST_CASE("failover: the next controller takes over with a higher epoch and finishes what it finds") {
  Cluster c;
  c.start(1);
  c.start(2);
  CHECK(c.members[1]->controller->active());
  CHECK(!c.members[2]->controller->active());
  CHECK(c.members[2]->controller->active_controller() == 1);
  c.create_topic("t", {{1, 2}});
  c.members[1]->session.abandon();
  // A topic appears while nobody acts.
  c.create_topic("between", {{2}});
  CHECK(!c.zk.has(zkpath::state({"between", 0})));
  c.members[1]->session.close();
  c.executor.run();
  CHECK(c.members[2]->controller->active());
  CHECK(c.members[2]->controller->epoch() == 2);
  CHECK(c.state("between", 0).leader == 2);
  CHECK(c.state("between", 0).controller_epoch == 2);
  CHECK(c.state("t", 0).leader == 2);
}

TEST_CASE("a deposed controller writes nothing more and resigns") {
  Cluster c;
  Member& one = c.start(1);
  c.start(2);
  // Another controller raised the epoch without this one having heard of it.
  c.admin.set("/controller_epoch", "9", -1, [](const ZkResult&) {});
  c.executor.run();
  c.create_topic("t", {{1}});
  CHECK(!c.zk.has("/brokers/topics/t/partitions"));
  CHECK(!one.controller->ready());
}

TEST_CASE("after its session expired a broker registers again and stands for election") {
  Cluster c;
  Member& m = c.start(1);
  const int64_t old_epoch = m.epoch;
  c.create_topic("t", {{1}});
  m.session.expire();
  c.executor.run();
  CHECK(m.controller->active());
  CHECK(m.controller->epoch() == 2);
  CHECK(c.zk.stat("/brokers/ids/1").czxid > old_epoch);
  CHECK(c.state("t", 0).leader == 1);
}

TEST_CASE("controlled shutdown moves leaders before the broker goes") {
  Cluster c;
  c.start(1);
  Member& two = c.start(2);
  c.create_topic("t", {{2, 1}});
  c.create_topic("only", {{2}});
  kafka::ErrorCode code = kafka::ErrorCode::kUnknownServerError;
  std::vector<TopicPartition> remaining;
  c.members[1]->controller->controlled_shutdown(2, two.epoch, [&](kafka::ErrorCode e, std::vector<TopicPartition> r) {
    code = e;
    remaining = std::move(r);
  });
  c.executor.run();
  CHECK(code == kafka::ErrorCode::kNone);
  CHECK(remaining.empty());
  CHECK(c.state("t", 0).leader == 1);
  CHECK(c.state("t", 0).isr == std::vector<BrokerId>{1});
  CHECK(c.state("only", 0).leader == 2);
  c.members[1]->controller->controlled_shutdown(2, two.epoch - 1, [&](kafka::ErrorCode e, auto) { code = e; });
  c.executor.run();
  CHECK(code == kafka::ErrorCode::kStaleBrokerEpoch);
}

TEST_CASE("preferred leaders: by znode, by request, and by the balancer") {
  Cluster c;
  c.start(1);
  c.start(2);
  c.create_topic("t", {{2, 1}});
  const auto demote = [&] {
    PartitionStateNode s = c.state("t", 0);
    s.leader = 1;
    ++s.leader_epoch;
    c.admin.set(zkpath::state({"t", 0}), encode_partition_state(s), -1, [](const ZkResult&) {});
    c.put("/isr_change_notification/isr_change_0000000001", encode_partition_list({{"t", 0}}));
    REQUIRE(c.state("t", 0).leader == 1);
  };
  demote();
  c.put("/admin/preferred_replica_election", encode_partition_list({{"t", 0}}));
  CHECK(c.state("t", 0).leader == 2);
  CHECK(!c.zk.has("/admin/preferred_replica_election"));

  demote();
  std::map<TopicPartition, kafka::ErrorCode> results;
  c.members[1]->controller->elect_leaders(false, {{"t", 0}, {"u", 0}}, false, [&](auto r) { results = std::move(r); });
  c.executor.run();
  CHECK(results.at({"t", 0}) == kafka::ErrorCode::kNone);
  CHECK(results.at({"u", 0}) == kafka::ErrorCode::kUnknownTopicOrPartition);
  CHECK(c.state("t", 0).leader == 2);
  c.members[1]->controller->elect_leaders(false, {{"t", 0}}, false, [&](auto r) { results = std::move(r); });
  c.executor.run();
  CHECK(results.at({"t", 0}) == kafka::ErrorCode::kElectionNotNeeded);

  demote();
  c.executor.advance(ms(300'000));
  CHECK(c.state("t", 0).leader == 2);
}

TEST_CASE("registration: a predecessor of the same address is waited for, another broker is refused") {
  Cluster c;
  Member& first = c.start(1);
  first.session.abandon();
  BrokerNode node = first.node;
  FakeZkSession session(c.zk);
  Registration again(session, c.executor, c.rng);
  std::optional<Outcome<int64_t>> result;
  again.register_broker(node, 36'000, [&](Outcome<int64_t> r) { result = std::move(r); });
  c.executor.advance(ms(5000));
  CHECK(!result);
  first.session.close();
  c.executor.advance(ms(200));
  REQUIRE(result);
  CHECK(result->has_value());

  FakeZkSession other_session(c.zk);
  Registration other(other_session, c.executor, c.rng);
  node.endpoints[0].port = 1;
  result.reset();
  other.register_broker(node, 36'000, [&](Outcome<int64_t> r) { result = std::move(r); });
  c.executor.run();
  REQUIRE(result);
  REQUIRE(!result->has_value());
  CHECK(result->error() ==
        fmt::format("Error while creating ephemeral at /brokers/ids/1, node already exists and owner "
                    "'{}' does not match current session '{}'",
                    session.session_id(), other_session.session_id()));
}

TEST_CASE("cluster id and generated broker ids") {
  Cluster c;
  Registration r(c.admin, c.executor, c.rng);
  std::string first;
  std::string second;
  r.cluster_id([&](Outcome<std::string> id) { first = *id; });
  c.executor.run();
  r.cluster_id([&](Outcome<std::string> id) { second = *id; });
  c.executor.run();
  CHECK(first.size() == 22);
  CHECK(first == second);
  std::vector<BrokerId> ids;
  for (int i = 0; i < 2; ++i) {
    r.generate_broker_id(1000, [&](Outcome<BrokerId> id) { ids.push_back(*id); });
    c.executor.run();
  }
  CHECK(ids == std::vector<BrokerId>{1001, 1002});
}
