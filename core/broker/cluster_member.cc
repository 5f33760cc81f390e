#include "core/broker/cluster_member.h"

#include <algorithm>
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
  // on_deleted: topics that a request took out of the metadata; on the executor.
  using Deleted = std::function<void(const std::vector<std::string>&)>;
  ConfigFirstChannel(std::unique_ptr<BrokerChannel> inner, ConfigChanges& changes, Executor& executor,
                     Deleted on_deleted)
      : inner_(std::move(inner)), changes_(changes), executor_(executor), on_deleted_(std::move(on_deleted)) {}

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
    std::vector<std::string> deleted;
    if (const auto* metadata = std::get_if<MetadataUpdate>(&item.request.body)) {
      for (const MetadataUpdate::Topic& topic : metadata->topics) {
        const bool gone =
            std::ranges::any_of(topic.partitions, [](const auto& p) { return p.second.leader == kLeaderDuringDelete; });
        if (gone) deleted.push_back(topic.name);
      }
    }
    if (!deleted.empty()) on_deleted_(deleted);
    inner_->send(std::move(item.request), std::move(item.done));
  }

  const std::unique_ptr<BrokerChannel> inner_;
  ConfigChanges& changes_;
  Executor& executor_;
  const Deleted on_deleted_;
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

CoordinatorConfig coordinator_config(const KafkaConfig& config) {
  CoordinatorConfig out;
  out.group.min_session_timeout_ms = config.group_min_session_timeout_ms;
  out.group.max_session_timeout_ms = config.group_max_session_timeout_ms;
  out.group.max_size = config.group_max_size;
  out.group.initial_rebalance_delay_ms = config.group_initial_rebalance_delay_ms;
  out.offset_metadata_max_size = config.offset_metadata_max_bytes;
  out.offsets_retention_ms = int64_t{config.offsets_retention_minutes} * 60 * 1000;
  out.retention_check_interval_ms = config.offsets_retention_check_interval_ms;
  out.commit_timeout_ms = config.offsets_commit_timeout_ms;
  out.commit_required_acks = config.offsets_commit_required_acks;
  out.load_buffer_bytes = config.offsets_load_buffer_size;
  out.partitions = config.offsets_topic_num_partitions;
  out.codec = static_cast<kafka::Codec>(config.offsets_topic_compression_codec);
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
      groups_(coordinator_config(broker.config()), broker.replicas(), executor, rng()),
      controller_(controller_config(broker.config(), broker.id()), zk, executor, rng,
                  [this, channels = std::move(channels)](const BrokerNode& node) {
                    auto channel = channels ? channels(node) : nullptr;
                    if (node.id != broker_.id()) return channel;
                    if (!channel) channel = std::make_unique<InPlaceChannel>(broker_);
                    channel = std::make_unique<ConfigFirstChannel>(
                        std::move(channel), changes_, executor_,
                        [this](const std::vector<std::string>& topics) { groups_.on_topics_deleted(topics); });
                    return channel;
                  }),
      admin_(broker, controller_, zk, executor, rng) {
  broker_.topic_admin = &admin_;
  broker_.on_directory_failed = [this, w = std::weak_ptr<int>(alive_)] {
    executor_.post([this, w] {
      if (!w.expired()) tell_of_failed_directory();
    });
  };
  broker_.replicas().on_leadership_change = [this](const ReplicaManager::LeadershipChange& change) {
    groups_.on_leadership_change(change);
  };
  controller_.on_own_metadata = [this] { admin_.on_metadata(); };
  controller_.on_deletion = [this] { admin_.on_metadata(); };
  controller_.on_active_changed = [this](bool active) {
    if (active) warn_of_replication();
  };
  controller_.reregister = [this](std::move_only_function<void(bool)> done) {
    register_now([this, d = std::move(done)](Outcome<void> registered) mutable {
      if (!registered) log_.error("The broker could not register again: {}", registered.error());
      d(registered.has_value());
    });
  };
}

ClusterMember::~ClusterMember() {
  broker_.topic_admin = nullptr;
  broker_.on_directory_failed = nullptr;
  broker_.replicas().on_leadership_change = nullptr;
}

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
      groups_.startup();
      changes_.start();
      controller_.startup();
    }
    d(std::move(registered));
  });
}

void ClusterMember::warn_of_replication() {
  const KafkaConfig& config = broker_.config();
  const auto live = static_cast<int32_t>(controller_.context().live.size());
  std::vector<std::string> keys;
  const auto look = [&](const char* key, int32_t factor) {
    if (factor > live) keys.push_back(fmt::format("{}={}", key, factor));
  };
  look("default.replication.factor", config.default_replication_factor);
  look("offsets.topic.replication.factor", config.offsets_topic_replication_factor);
  look("transaction.state.log.replication.factor", config.transaction_state_log_replication_factor);
  if (keys.empty()) return;
  log_.warn(
      "{} above the number of live brokers ({}): such topics cannot be created, and without __consumer_offsets no "
      "consumer group works, until enough brokers are up",
      fmt::join(keys, ", "), live);
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

// KafkaZkClient.propagateLogDirEvent. A session that is lost meanwhile needs no second try: the broker registers again,
// and the orders that this brings are answered for each replica.
void ClusterMember::tell_of_failed_directory() {
  zk_.create(zkpath::kLogDirEventPrefix, encode_log_dir_event(broker_.id()), ZkMode::kPersistentSequential,
             [this, w = std::weak_ptr<int>(alive_)](const ZkResult& r) {
               if (w.expired() || r.ok()) return;
               log_.warn("The controller could not be told of the failed log directory: ZooKeeper answered {}",
                         zk_code_name(r.code));
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

void ClusterMember::stop() {
  groups_.shutdown();
  controller_.shutdown();
}

}  // namespace kz::broker
