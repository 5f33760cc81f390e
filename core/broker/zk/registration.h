// How a broker enters the cluster: top-level znodes, cluster id, generated broker id, its own registration.
// Source: KafkaZkClient.createTopLevelPaths, createOrGetClusterId, generateBrokerSequenceId, registerBroker,
// CheckedEphemeral @ 3.4.0. Thread rule: the executor of the ZooKeeper session.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/broker/zk/payloads.h"
#include "core/broker/zk/zk_batch.h"
#include "core/broker/zk/zk_port.h"

namespace kz::broker {

template <class T>
using Outcome = std::expected<T, std::string>;  // the error is one line for the user, Kafka's text where it has one

class Registration {
 public:
  // All outlive the object; callbacks after its end are dropped.
  Registration(ZkPort& zk, Executor& executor, Rng& rng)
      : zk_(zk), executor_(executor), rng_(rng), log_("kafka.zk.KafkaZkClient") {}

  // Creates what is missing of the persistent nodes.
  void ensure_paths(std::move_only_function<void(Outcome<void>)> done);
  // Reads /cluster/id or, first broker ever, creates it.
  void cluster_id(std::move_only_function<void(Outcome<std::string>)> done);
  // broker.id=-1: the next number above reserved.broker.max.id.
  void generate_broker_id(int32_t reserved_max, std::move_only_function<void(Outcome<BrokerId>)> done);
  // Creates /brokers/ids/<id>; the value is the broker epoch. A node left by a crashed process of the same address is
  // waited for, at most wait_ms, with a countdown in the log; any other owner is refused at once.
  void register_broker(BrokerNode node, int64_t wait_ms, std::move_only_function<void(Outcome<int64_t>)> done);

 private:
  using Registered = std::move_only_function<void(Outcome<int64_t>)>;
  struct Attempt {
    BrokerNode node;
    TimePoint give_up;
    TimePoint next_line;
    Registered done;
  };
  void try_register(std::shared_ptr<Attempt> attempt);
  void inspect(std::shared_ptr<Attempt> attempt);
  void wait(std::shared_ptr<Attempt> attempt, SessionId owner);
  template <class F>
  auto alive(F f) {
    return [w = std::weak_ptr<int>(alive_), f = std::move(f)](auto... args) mutable {
      if (!w.expired()) f(std::move(args)...);
    };
  }

  ZkPort& zk_;
  Executor& executor_;
  Rng& rng_;
  log::Logger log_;
  SessionId last_session_ = 0;  // under which this process registered before
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace kz::broker
