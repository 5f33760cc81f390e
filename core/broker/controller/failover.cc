// What a broker does when it becomes the controller: zk-layout's failover sequence.
// Source: KafkaController.onControllerFailover, initializeControllerContext @ 3.4.0.
#include <algorithm>

#include "core/broker/controller/controller.h"
#include "core/broker/zk/paths.h"

namespace kz::broker {

void Controller::failover(Next next) {
  setup_feature([this, n = std::move(next)]() mutable {
    load([this, m = std::move(n)]() mutable {
      start_machines([this, k = std::move(m)]() mutable {
        resume_deletions([this, d = std::move(k)]() mutable {
          process_preferred_election([this, done = std::move(d)]() mutable {
            log_.info("Ready to serve as the new controller with epoch {}", context_.epoch);
            ready_.store(true, std::memory_order_release);
            if (on_active_changed) on_active_changed(true);
            if (config_.auto_leader_rebalance_enable) schedule_rebalance(ms(5000));
            done();
          });
        });
      });
    });
  });
}

void Controller::setup_feature(Next next) {
  zk_.get(zkpath::kFeature, false, step([this, n = std::move(next)](ZkResult r) mutable {
            Results all(1);
            all[0].code = r.code;
            if (lost_session(all)) return;
            const std::string wanted = encode_feature(config_.uses_features, config_.feature_min_levels);
            if (r.ok() && decode_feature_enabled(r.data) == config_.uses_features) {
              n();
              return;
            }
            std::vector<ZkRequest> writes;
            writes.push_back(r.ok() ? ZkRequest::set(zkpath::kFeature, wanted, r.stat.version)
                                    : ZkRequest::create(zkpath::kFeature, wanted));
            zk_all(zk_, std::move(writes), step([this, m = std::move(n)](Results w) mutable {
                     if (!lost_session(w)) m();
                   }));
          }));
}

void Controller::load(Next next) {
  std::vector<ZkRequest> reads;
  reads.push_back(ZkRequest::children(zkpath::kBrokerIds, true));
  reads.push_back(ZkRequest::children(zkpath::kTopics, true));
  reads.push_back(ZkRequest::children(zkpath::kDeleteTopics, true));
  reads.push_back(ZkRequest::children(zkpath::kLogDirNotifications, true));
  reads.push_back(ZkRequest::children(zkpath::kIsrNotifications, true));
  reads.push_back(ZkRequest::exists(zkpath::kPreferredElection, true));
  zk_all(zk_, std::move(reads), step([this, n = std::move(next)](Results r) mutable {
           if (lost_session(r)) return;
           std::vector<ZkRequest> brokers;
           for (const std::string& id : r[0].children) {
             brokers.push_back(ZkRequest::get(std::string(zkpath::kBrokerIds) + "/" + id, true));
           }
           for (std::string& topic : r[1].children) context_.topics.try_emplace(std::move(topic));
           for (std::string& topic : r[2].children) context_.to_delete.insert(std::move(topic));
           delete_children(
               zkpath::kLogDirNotifications, std::move(r[3].children),
               [this, isr = std::move(r[4].children), brokers = std::move(brokers), m = std::move(n)]() mutable {
                 delete_children(
                     zkpath::kIsrNotifications, std::move(isr),
                     [this, brokers = std::move(brokers), k = std::move(m)]() mutable {
                       zk_all(zk_, std::move(brokers), step([this, d = std::move(k)](Results nodes) mutable {
                                if (lost_session(nodes)) return;
                                for (const ZkResult& node : nodes) {
                                  if (!node.ok()) continue;
                                  const auto id = zkpath::broker_id_of(node.path);
                                  if (!id) continue;
                                  auto info = decode_broker(*id, node.data);
                                  if (!info) {
                                    log_.error("Failed to parse the broker info from zookeeper: {}", node.data);
                                    continue;
                                  }
                                  info->epoch = node.stat.czxid;
                                  context_.live[*id] = std::move(*info);
                                }
                                load_topics(std::move(d));
                              }));
                     });
               });
         }));
}

void Controller::load_topics(Next next) {
  std::vector<ZkRequest> reads;
  std::vector<std::string> names;
  for (const auto& [name, topic] : context_.topics) {
    names.push_back(name);
    reads.push_back(ZkRequest::get(zkpath::topic(name), true));
  }
  zk_all(zk_, std::move(reads), step([this, names = std::move(names), n = std::move(next)](Results r) mutable {
           if (lost_session(r)) return;
           std::map<std::string, TopicNode> nodes;
           for (size_t i = 0; i < names.size(); ++i) {
             auto node = r[i].ok() ? decode_topic(r[i].data) : fail(Errc::kNotFound);
             if (!node) {
               if (r[i].ok()) log_.error("The znode of topic {} cannot be read; the topic is ignored", names[i]);
               context_.topics.erase(names[i]);
               continue;
             }
             nodes.emplace(names[i], std::move(*node));
           }
           ensure_topic_ids(std::move(nodes), [this, m = std::move(n)]() mutable { load_states(std::move(m)); });
         }));
}

void Controller::load_states(Next next) {
  const std::vector<TopicPartition> partitions = context_.all_partitions();
  std::vector<ZkRequest> reads;
  for (const TopicPartition& tp : partitions) reads.push_back(ZkRequest::get(zkpath::state(tp)));
  zk_all(zk_, std::move(reads), step([this, partitions, n = std::move(next)](Results r) mutable {
           if (lost_session(r)) return;
           for (size_t i = 0; i < partitions.size(); ++i) {
             if (!r[i].ok()) continue;
             auto state = decode_partition_state(r[i].data, r[i].stat.version);
             if (!state) {
               log_.error("The state znode of {}-{} cannot be read", partitions[i].topic, partitions[i].partition);
               continue;
             }
             context_.partition(partitions[i])->leadership = std::move(*state);
           }
           for (const auto& [id, node] : context_.live) add_channel(node);
           n();
         }));
}

void Controller::start_machines(Next next) {
  if (!config_.delete_topic_enable && !context_.to_delete.empty()) {
    // Requests to delete are thrown away; nobody waits for them.
    std::vector<std::string> names(context_.to_delete.begin(), context_.to_delete.end());
    context_.to_delete.clear();
    delete_children(zkpath::kDeleteTopics, std::move(names),
                    [this, n = std::move(next)]() mutable { start_machines(std::move(n)); });
    return;
  }
  std::erase_if(context_.to_delete, [&](const std::string& t) { return !context_.topics.contains(t); });
  // Brokers learn who is alive before anything else, so that they can act on what follows.
  batch_.add_update_metadata(context_.live_brokers(), {});
  batch_.flush();

  std::vector<PartitionReplica> online;
  std::vector<PartitionReplica> offline;
  for (auto& [name, topic] : context_.topics) {
    for (auto& [index, partition] : topic.partitions) {
      const TopicPartition tp{name, index};
      for (const BrokerId id : partition.assignment.replicas) {
        const bool up = context_.replica_online(id, tp);
        partition.replicas[id] = up ? ReplicaState::kOnline : ReplicaState::kDeletionIneligible;
        (up ? online : offline).push_back({tp, id});
        if (!up && context_.queued_for_deletion(name)) context_.deletion_ineligible.insert(name);
      }
      if (!partition.leadership) {
        partition.state = PartitionState::kNew;
      } else {
        partition.state = context_.replica_online(partition.leadership->leader, tp) ? PartitionState::kOnline
                                                                                    : PartitionState::kOffline;
      }
    }
  }
  replicas_online(online);
  // The full image: every broker that has just started waits for it.
  batch_.add_update_metadata(context_.live_brokers(), context_.partitions_with_leaders());
  batch_.flush();
  replicas_offline(std::move(offline), [this, n = std::move(next)]() mutable { trigger_online(std::move(n)); });
}

void Controller::delete_children(const char* parent, std::vector<std::string> names, Next next) {
  if (names.empty()) {
    next();
    return;
  }
  std::vector<ZkOp> ops;
  for (const std::string& name : names) ops.push_back(ZkOp::remove(std::string(parent) + "/" + name));
  guarded(std::move(ops), [n = std::move(next)](std::vector<ZkOpResult>) mutable { n(); });
}

void Controller::schedule_rebalance(Duration delay) {
  executor_.cancel(rebalance_timer_);
  rebalance_timer_ = executor_.after(delay, [this, alive = std::weak_ptr<int>(alive_)] {
    if (alive.expired()) return;
    rebalance_timer_ = 0;
    active_event("rebalance", [this] {
      auto_rebalance([this] {
        schedule_rebalance(ms(config_.leader_imbalance_check_interval_ms));
        finish();
      });
    });
  });
}

void Controller::auto_rebalance(Next next) {
  struct Load {
    size_t preferred = 0;
    std::vector<TopicPartition> led_by_others;
  };
  std::map<BrokerId, Load> loads;
  for (const auto& [name, topic] : context_.topics) {
    if (context_.queued_for_deletion(name)) continue;
    for (const auto& [index, partition] : topic.partitions) {
      if (partition.assignment.replicas.empty() || !partition.leadership) continue;
      Load& load = loads[partition.assignment.replicas[0]];
      ++load.preferred;
      if (partition.leadership->leader == partition.assignment.replicas[0]) continue;
      const auto& isr = partition.leadership->isr;
      const bool can = !partition.assignment.being_reassigned() &&
                       context_.replica_online(partition.assignment.replicas[0], {name, index}) &&
                       std::ranges::find(isr, partition.assignment.replicas[0]) != isr.end();
      if (can) load.led_by_others.push_back({name, index});
    }
  }
  std::vector<TopicPartition> chosen;
  for (auto& [broker, load] : loads) {
    const bool over = load.led_by_others.size() * 100 >
                      load.preferred * static_cast<size_t>(config_.leader_imbalance_per_broker_percentage);
    if (over) std::ranges::move(load.led_by_others, std::back_inserter(chosen));
  }
  elect_partitions(std::move(chosen), ElectionKind::kPreferred, false,
                   [n = std::move(next)](const auto&) mutable { n(); });
}

}  // namespace kz::broker
