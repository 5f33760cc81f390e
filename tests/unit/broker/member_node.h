// A whole broker of one on a ZooKeeper in memory and logs in memory: requests go in as bytes. Outlives its crashes.
#pragma once
#include <doctest/doctest.h>

#include "core/broker/api/admin_handlers.h"
#include "core/broker/cluster_member.h"
#include "core/broker/zk/paths.h"
#include "core/kafka/message/all.h"
#include "tests/unit/broker/data/data_fixture.h"
#include "tests/unit/broker/fake_zk.h"

namespace kz::broker::test {

using kafka::ErrorCode;
using kz::test::FakeZk;
using kz::test::FakeZkSession;

inline const ConfigMap kSmall = {{"offsets.topic.num.partitions", "3"},
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

inline std::string text(const std::optional<std::string>& s) { return s.value_or("<null>"); }

}  // namespace kz::broker::test
