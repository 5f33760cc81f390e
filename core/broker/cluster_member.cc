#include "core/broker/cluster_member.h"

#include <deque>
#include <set>

#include "core/broker/zk/paths.h"

namespace kz::broker {
namespace {

// Applies the controller's requests right here, on the thread that sends them.
class InPlaceChannel final : public BrokerChannel {
 public:
  explicit InPlaceChannel(Broker& broker) : broker_(broker) {}
  void send(ControlRequest request, Done done) override {
    if (auto* leadership = std::get_if<LeaderAndIsrUpdate>(&request.body)) {
      done(broker_.become_leader_or_follower(*leadership));
    } else if (auto* metadata = std::get_if<MetadataUpdate>(&request.body)) {
      broker_.apply_metadata(*metadata);
      done({});
    } else {
      done(broker_.stop_replicas(std::get<StopReplicaUpdate>(request.body)));
    }
  }

 private:
  Broker& broker_;
};

// In front of the own broker's channel: a topic's overrides are read before its logs may be created.
class ConfigFirstChannel final : public BrokerChannel {
 public:
  ConfigFirstChannel(std::unique_ptr<BrokerChannel> inner, ConfigChanges& changes, Executor& executor)
      : inner_(std::move(inner)), changes_(changes), executor_(executor) {}

  void send(ControlRequest request, Done done) override {
    queue_.push_back({std::move(request), std::move(done)});
    if (busy_) return;
    busy_ = true;
    // Not from inside the controller's step.
    executor_.post([this, w = std::weak_ptr<int>(alive_)] {
      if (!w.expired()) pump();
    });
  }

 private:
  struct Item {
    ControlRequest request;
    Done done;
  };

  void pump() {
    while (!queue_.empty()) {
      std::set<std::string> fresh;
      if (const auto* leadership = std::get_if<LeaderAndIsrUpdate>(&queue_.front().request.body)) {
        for (const LeaderAndIsrPartition& p : leadership->partitions) {
          if (p.is_new) fresh.insert(p.tp.topic);
        }
      }
      if (!fresh.empty()) {
        auto missing = std::make_shared<size_t>(fresh.size());
        for (const std::string& topic : fresh) {
          changes_.reload("topics", topic, [this, missing, w = std::weak_ptr<int>(alive_)] {
            if (--*missing > 0 || w.expired()) return;
            forward();
            pump();
          });
        }
        return;
      }
      forward();
    }
    busy_ = false;
  }

  void forward() {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    inner_->send(std::move(item.request), std::move(item.done));
  }

  const std::unique_ptr<BrokerChannel> inner_;
  ConfigChanges& changes_;
  Executor& executor_;
  std::deque<Item> queue_;
  bool busy_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

ControllerConfig controller_config(const KafkaConfig& config, BrokerId id) {
  ControllerConfig out;
  out.broker_id = id;
  out.delete_topic_enable = config.delete_topic_enable;
  out.unclean_leader_election_enable = config.unclean_leader_election_enable;
  out.auto_leader_rebalance_enable = config.auto_leader_rebalance_enable;
  out.leader_imbalance_per_broker_percentage = config.leader_imbalance_per_broker_percentage;
  out.leader_imbalance_check_interval_ms = config.leader_imbalance_check_interval_seconds * 1000;
  out.uses_topic_ids = config.uses_topic_ids();
  out.uses_features = config.protocol_version >= 207;
  out.feature_min_levels = config.protocol_version < 303;
  out.supports_recovery = config.protocol_version >= 302;
  out.writes_kraft_epoch = config.protocol_version >= 304;
  return out;
}

ClusterMember::ClusterMember(Broker& broker, ZkPort& zk, Executor& executor, Rng& rng, BrokerChannelFactory channels)
    : broker_(broker),
      zk_(zk),
      executor_(executor),
      log_("kafka.server.KafkaServer", fmt::format("KafkaServer id={}", broker.id())),
      changes_(zk, executor,
               [this](const std::string& type, const std::string& entity, const ConfigMap& config) {
                 if (type == "topics") {
                   broker_.set_topic_overrides(entity, config);
                   if (on_topic_config) on_topic_config(entity);
                   const auto unclean = config.find("unclean.leader.election.enable");
                   if (unclean != config.end() && unclean->second == "true" && controller_.active()) {
                     controller_.unclean_election_enabled(entity);
                   }
                 } else if (type == "brokers" && entity == zkpath::kDefaultEntity) {
                   broker_.set_dynamic_broker_config(false, config);
                 } else if (type == "brokers" && entity == std::to_string(broker_.id())) {
                   broker_.set_dynamic_broker_config(true, config);
                 }
               }),
      registration_(zk, executor, rng),
      controller_(controller_config(broker.config(), broker.id()), zk, executor, rng,
                  [this, channels = std::move(channels)](const BrokerNode& node) {
                    auto channel = channels ? channels(node) : nullptr;
                    if (node.id != broker_.id()) return channel;
                    if (!channel) channel = std::make_unique<InPlaceChannel>(broker_);
                    channel = std::make_unique<ConfigFirstChannel>(std::move(channel), changes_, executor_);
                    return channel;
                  }),
      admin_(broker, controller_, zk, executor, rng) {
  broker_.topic_admin = &admin_;
  controller_.on_own_metadata = [this] { admin_.on_metadata(); };
  controller_.reregister = [this](std::move_only_function<void()> done) {
    register_now([this, d = std::move(done)](Outcome<void> registered) mutable {
      if (!registered) log_.error("The broker could not register again: {}", registered.error());
      d();
    });
  };
}

ClusterMember::~ClusterMember() { broker_.topic_admin = nullptr; }

void ClusterMember::load_configs(Done done) {
  changes_.load_all({zkpath::kDefaultEntity, std::to_string(broker_.id())}, [d = std::move(done)](ZkCode code) mutable {
    if (code == ZkCode::kOk) {
      d({});
    } else {
      d(std::unexpected(fmt::format("ZooKeeper answered {} while reading configurations", zk_code_name(code))));
    }
  });
}

void ClusterMember::join(std::vector<Endpoint> endpoints, Done done) {
  node_.id = broker_.id();
  node_.endpoints = std::move(endpoints);
  node_.rack = broker_.config().broker_rack;
  register_now([this, d = std::move(done)](Outcome<void> registered) mutable {
    if (registered) {
      changes_.start();
      controller_.startup();
    }
    d(std::move(registered));
  });
}

void ClusterMember::register_now(std::move_only_function<void(Outcome<void>)> done) {
  // Twice the session's timeout: the server checks expiry in steps of its tick.
  const int64_t wait_ms = 2 * static_cast<int64_t>(broker_.config().zookeeper_session_timeout_ms);
  registration_.register_broker(node_, wait_ms, [this, d = std::move(done)](Outcome<int64_t> epoch) mutable {
    if (!epoch) {
      d(std::unexpected(epoch.error()));
      return;
    }
    broker_epoch_ = *epoch;
    d({});
  });
}

void ClusterMember::controlled_shutdown(std::move_only_function<void()> done) {
  if (!controller_.active()) {
    done();
    return;
  }
  controller_.controlled_shutdown(
      broker_.id(), broker_epoch_,
      [this, d = std::move(done)](kafka::ErrorCode code, std::vector<TopicPartition> remaining) mutable {
        if (code == kafka::ErrorCode::kNone && remaining.empty()) {
          log_.info("Controlled shutdown succeeded");
        } else {
          log_.warn("Controlled shutdown: {} partitions remain to move", remaining.size());
        }
        d();
      });
}

void ClusterMember::stop() { controller_.shutdown(); }

}  // namespace kz::broker
