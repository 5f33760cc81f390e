// Controllers of several brokers on one ZooKeeper in memory; what each broker is told is recorded.
#pragma once
#include <doctest/doctest.h>

#include "core/broker/controller/controller.h"
#include "core/broker/zk/paths.h"
#include "core/broker/zk/registration.h"
#include "tests/unit/broker/fake_zk.h"
#include "tests/unit/broker/manual_executor.h"

namespace kz::broker::test {

using kz::test::FakeZk;
using kz::test::FakeZkSession;
using kz::test::ManualExecutor;

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

}  // namespace kz::broker::test
