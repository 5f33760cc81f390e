// The controller: the znodes it writes and in which order, what brokers are told of topics made, grown and deleted.
#include "tests/unit/broker/controller_cluster.h"

using namespace kz;
using namespace kz::broker;
using namespace kz::broker::test;

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
