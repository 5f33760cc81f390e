// The controller: leaders and ISRs after deaths, takeovers and shutdowns; a deposed controller writes nothing.
#include "tests/unit/broker/controller_cluster.h"

using namespace kz;
using namespace kz::broker;
using namespace kz::broker::test;

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
