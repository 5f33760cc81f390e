// Brokers that come, go, change or fail, and the channels to them. Source: KafkaController.processBrokerChange,
// onBrokerStartup, onBrokerFailure, doControlledShutdown, processLeaderAndIsrResponseReceived @ 3.4.0.
#include <algorithm>

#include "core/broker/controller/controller.h"
#include "core/broker/zk/paths.h"

namespace kz::broker {

void Controller::add_channel(const BrokerNode& node) {
  channels_.erase(node.id);
  if (auto channel = channel_factory_(node)) channels_[node.id] = std::move(channel);
}

void Controller::send(BrokerId broker, ControlRequest request) {
  const auto channel = channels_.find(broker);
  if (channel == channels_.end()) return;
  enum class Kind : uint8_t { kLeaderAndIsr, kMetadata, kStop };
  Kind kind = Kind::kLeaderAndIsr;
  std::vector<TopicPartition> deletions;
  if (std::holds_alternative<MetadataUpdate>(request.body)) kind = Kind::kMetadata;
  if (const auto* stop = std::get_if<StopReplicaUpdate>(&request.body)) {
    kind = Kind::kStop;
    for (const StopReplicaPartition& p : stop->partitions) {
      if (p.delete_partition) deletions.push_back(p.tp);
    }
  }
  const int32_t epoch = context_.epoch;
  channel->second->send(std::move(request), [this, broker, kind, epoch, deletions = std::move(deletions),
                                             alive = std::weak_ptr<int>(alive_)](LeadershipResult result) mutable {
    if (alive.expired()) return;
    post([this, broker, kind, epoch, deletions = std::move(deletions), result = std::move(result)]() mutable {
      if (!active() || epoch != context_.epoch) return;
      if (result.code != kafka::ErrorCode::kNone) {
        state_log_.warn("Received error {} from broker {}", kafka::error_name(result.code), broker);
      }
      switch (kind) {
        case Kind::kMetadata:
          if (broker == config_.broker_id && on_own_metadata) on_own_metadata();
          break;
        case Kind::kLeaderAndIsr:
          if (std::ranges::none_of(
                  result.partitions,
                  [](const PartitionError& p) { return p.code == kafka::ErrorCode::kKafkaStorageError; }) &&
              !context_.offline_dirs.contains(broker)) {
            return;
          }
          active_event({}, [this, broker, result = std::move(result)]() mutable {
            on_leader_and_isr_response(broker, std::move(result), [this] { finish(); });
          });
          break;
        case Kind::kStop:
          if (deletions.empty()) return;
          active_event({}, [this, broker, result = std::move(result), deletions = std::move(deletions)]() mutable {
            on_stop_replica_response(broker, std::move(result), std::move(deletions), [this] { finish(); });
          });
          break;
      }
    });
  });
}

void Controller::on_leader_and_isr_response(BrokerId broker, LeadershipResult result, Next next) {
  std::set<TopicPartition>& offline = context_.offline_dirs[broker];
  std::vector<PartitionReplica> fresh;
  for (const PartitionError& p : result.partitions) {
    if (p.code == kafka::ErrorCode::kNone) {
      offline.erase(p.tp);
    } else if (p.code == kafka::ErrorCode::kKafkaStorageError && offline.insert(p.tp).second) {
      fresh.push_back({p.tp, broker});
    }
  }
  if (offline.empty()) context_.offline_dirs.erase(broker);
  if (fresh.empty()) {
    next();
    return;
  }
  state_log_.info("Mark {} replicas on broker {} as offline", fresh.size(), broker);
  on_replicas_offline(std::move(fresh), std::move(next));
}

void Controller::process_broker_change(Next next) {
  zk_.children(zkpath::kBrokerIds, true, step([this, n = std::move(next)](ZkResult list) mutable {
                 std::vector<ZkRequest> reads;
                 for (const std::string& id : list.children) {
                   reads.push_back(ZkRequest::get(std::string(zkpath::kBrokerIds) + "/" + id, true));
                 }
                 Results first;
                 first.push_back(std::move(list));
                 if (lost_session(first)) return;
                 zk_all(zk_, std::move(reads), step([this, m = std::move(n)](Results nodes) mutable {
                          if (lost_session(nodes)) return;
                          std::map<BrokerId, BrokerNode> current;
                          for (const ZkResult& node : nodes) {
                            if (!node.ok()) continue;
                            const auto id = zkpath::broker_id_of(node.path);
                            if (!id) continue;
                            auto info = decode_broker(*id, node.data);
                            if (!info) continue;
                            info->epoch = node.stat.czxid;
                            current[*id] = std::move(*info);
                          }
                          std::vector<BrokerId> added;
                          std::vector<BrokerId> bounced;
                          std::vector<BrokerId> dead;
                          for (const auto& [id, node] : current) {
                            const auto old = context_.live.find(id);
                            if (old == context_.live.end()) {
                              added.push_back(id);
                            } else if (node.epoch > old->second.epoch) {
                              bounced.push_back(id);
                            }
                          }
                          for (const auto& [id, node] : context_.live) {
                            if (!current.contains(id)) dead.push_back(id);
                          }
                          log_.info(
                              "Newly added brokers: {}, deleted brokers: {}, bounced brokers: {}, all live brokers: {}",
                              fmt::join(added, ","), fmt::join(dead, ","), fmt::join(bounced, ","),
                              fmt::join(context_.live_brokers(), ","));
                          for (const BrokerId id : dead) channels_.erase(id);
                          for (const BrokerId id : added) context_.live[id] = current[id];
                          for (const BrokerId id : added) add_channel(current[id]);
                          for (const BrokerId id : bounced) add_channel(current[id]);
                          std::vector<BrokerNode> bounced_nodes;
                          for (const BrokerId id : bounced) bounced_nodes.push_back(current[id]);
                          on_broker_startup(added, [this, bounced, dead, bounced_nodes = std::move(bounced_nodes),
                                                    k = std::move(m)]() mutable {
                            for (const BrokerId id : bounced) context_.live.erase(id);
                            on_broker_failure(bounced, [this, bounced, dead, bounced_nodes = std::move(bounced_nodes),
                                                        d = std::move(k)]() mutable {
                              for (BrokerNode& node : bounced_nodes) context_.live[node.id] = node;
                              on_broker_startup(bounced, [this, dead, e = std::move(d)]() mutable {
                                for (const BrokerId id : dead) context_.live.erase(id);
                                on_broker_failure(dead, std::move(e));
                              });
                            });
                          });
                        }));
               }));
}

void Controller::process_broker_modified(BrokerId id, Next next) {
  zk_.get(zkpath::broker(id), true, step([this, id, n = std::move(next)](ZkResult r) mutable {
            const auto old = context_.live.find(id);
            auto node = r.ok() ? decode_broker(id, r.data) : fail(Errc::kNotFound);
            if (node && old != context_.live.end() && node->endpoints != old->second.endpoints) {
              node->epoch = r.stat.czxid;
              log_.info("Updated broker metadata of broker {}", id);
              old->second = std::move(*node);
              batch_.add_update_metadata(context_.live_brokers(), {});
              batch_.flush();
            }
            n();
          }));
}

void Controller::on_broker_startup(std::vector<BrokerId> brokers, Next next) {
  if (brokers.empty()) {
    next();
    return;
  }
  log_.info("New broker startup callback for {}", fmt::join(brokers, ","));
  for (const BrokerId id : brokers) context_.offline_dirs.erase(id);
  std::vector<BrokerId> others = context_.live_brokers();
  std::erase_if(others, [&](BrokerId id) { return std::ranges::find(brokers, id) != brokers.end(); });
  batch_.add_update_metadata(others, {});
  batch_.flush();
  // The newcomers get everything before they are told to lead or follow.
  batch_.add_update_metadata(brokers, context_.partitions_with_leaders());
  batch_.flush();
  const std::vector<PartitionReplica> replicas = context_.replicas_on(brokers);
  replicas_online(replicas);
  batch_.flush();
  trigger_online([this, replicas, n = std::move(next)]() mutable {
    std::vector<std::string> deleting;
    for (const PartitionReplica& r : replicas) {
      if (context_.queued_for_deletion(r.first.topic)) deleting.push_back(r.first.topic);
    }
    resume_deletion_of(deleting, std::move(n));
  });
}

void Controller::on_broker_failure(std::vector<BrokerId> brokers, Next next) {
  if (brokers.empty()) {
    next();
    return;
  }
  log_.info("Broker failure callback for {}", fmt::join(brokers, ","));
  for (const BrokerId id : brokers) {
    context_.offline_dirs.erase(id);
    context_.shutting_down.erase(id);
  }
  on_replicas_offline(context_.replicas_on(brokers), std::move(next));
}

void Controller::on_replicas_offline(std::vector<PartitionReplica> replicas, Next next) {
  std::vector<PartitionReplica> kept;
  std::vector<PartitionReplica> deleting;
  for (PartitionReplica& r : replicas) {
    (context_.queued_for_deletion(r.first.topic) ? deleting : kept).push_back(std::move(r));
  }
  std::vector<TopicPartition> headless = context_.partitions_with_offline_leader();
  for (const TopicPartition& tp : headless) context_.partition(tp)->state = PartitionState::kOffline;
  trigger_online_of(
      headless, [this, kept = std::move(kept), deleting = std::move(deleting), n = std::move(next)]() mutable {
        replicas_offline(std::move(kept), [this, deleting = std::move(deleting), m = std::move(n)]() mutable {
          // Whoever reads metadata must see that the broker is gone, also if nothing changed its leader.
          batch_.add_update_metadata(context_.live_brokers(), {});
          batch_.flush();
          std::vector<std::string> topics;
          for (const PartitionReplica& r : deleting) {
            context_.set_replica_state(r, ReplicaState::kDeletionIneligible);
            topics.push_back(r.first.topic);
          }
          halt_deletion(topics, "replica deletion failure");
          if (topics.empty()) {
            m();
          } else {
            resume_deletions(std::move(m));
          }
        });
      });
}

void Controller::process_log_dir_events(Next next) {
  zk_.children(zkpath::kLogDirNotifications, true, step([this, n = std::move(next)](ZkResult list) mutable {
                 std::vector<ZkRequest> reads;
                 for (const std::string& name : list.children) {
                   reads.push_back(ZkRequest::get(std::string(zkpath::kLogDirNotifications) + "/" + name));
                 }
                 zk_all(zk_, std::move(reads),
                        step([this, names = std::move(list.children), m = std::move(n)](Results r) mutable {
                          if (lost_session(r)) return;
                          std::vector<BrokerId> brokers;
                          for (const ZkResult& event : r) {
                            const auto id = event.ok() ? decode_log_dir_event(event.data) : fail(Errc::kNotFound);
                            if (id && context_.live.contains(*id)) brokers.push_back(*id);
                          }
                          // The answers to LeaderAndIsr tell which replicas are lost.
                          if (!brokers.empty())
                            log_.info("Handling log directory failure for brokers {}", fmt::join(brokers, ","));
                          replicas_online(context_.replicas_on(brokers));
                          batch_.flush();
                          delete_children(zkpath::kLogDirNotifications, std::move(names), std::move(m));
                        }));
               }));
}

void Controller::process_isr_changes(Next next) {
  zk_.children(
      zkpath::kIsrNotifications, true, step([this, n = std::move(next)](ZkResult list) mutable {
        std::vector<ZkRequest> reads;
        for (const std::string& name : list.children) {
          reads.push_back(ZkRequest::get(std::string(zkpath::kIsrNotifications) + "/" + name));
        }
        zk_all(
            zk_, std::move(reads), step([this, names = std::move(list.children), m = std::move(n)](Results r) mutable {
              if (lost_session(r)) return;
              std::set<TopicPartition> changed;
              for (const ZkResult& event : r) {
                const auto partitions = event.ok() ? decode_partition_list(event.data) : fail(Errc::kNotFound);
                if (!partitions) continue;
                for (const TopicPartition& tp : *partitions) {
                  if (context_.partition(tp)) changed.insert(tp);
                }
              }
              std::vector<TopicPartition> partitions(changed.begin(), changed.end());
              std::vector<ZkRequest> states;
              for (const TopicPartition& tp : partitions) states.push_back(ZkRequest::get(zkpath::state(tp)));
              zk_all(zk_, std::move(states),
                     step([this, partitions, names = std::move(names), k = std::move(m)](Results s) mutable {
                       if (lost_session(s)) return;
                       for (size_t i = 0; i < partitions.size(); ++i) {
                         auto state =
                             s[i].ok() ? decode_partition_state(s[i].data, s[i].stat.version) : fail(Errc::kNotFound);
                         if (state) context_.partition(partitions[i])->leadership = std::move(*state);
                       }
                       batch_.add_update_metadata(context_.live_brokers(), partitions);
                       batch_.flush();
                       delete_children(zkpath::kIsrNotifications, std::move(names), std::move(k));
                     }));
            }));
      }));
}

void Controller::controlled_shutdown(BrokerId id, int64_t broker_epoch, ShutdownDone done) {
  post([this, id, broker_epoch, d = std::move(done)]() mutable {
    if (!active()) {
      d(kafka::ErrorCode::kNotController, {});
      return;
    }
    enqueue({}, [this, id, broker_epoch, e = std::move(d)]() mutable {
      do_controlled_shutdown(id, broker_epoch, std::move(e), [this] { finish(); });
    });
  });
}

void Controller::do_controlled_shutdown(BrokerId id, int64_t broker_epoch, ShutdownDone done, Next next) {
  const auto live = context_.live.find(id);
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  if (!active()) {
    error = kafka::ErrorCode::kNotController;
  } else if (live == context_.live.end()) {
    error = kafka::ErrorCode::kBrokerNotAvailable;
  } else if (broker_epoch != -1 && broker_epoch < live->second.epoch) {
    error = kafka::ErrorCode::kStaleBrokerEpoch;
  }
  if (error != kafka::ErrorCode::kNone) {
    done(error, {});
    next();
    return;
  }
  log_.info("Shutting down broker {}", id);
  context_.shutting_down.insert(id);
  std::vector<TopicPartition> led;
  std::vector<PartitionReplica> followed;
  for (const PartitionReplica& r : context_.replicas_on({id})) {
    const ControllerContext::Partition* p = context_.partition(r.first);
    if (p->assignment.replicas.size() < 2 || !p->leadership || context_.queued_for_deletion(r.first.topic)) continue;
    if (p->leadership->leader == id) {
      led.push_back(r.first);
    } else {
      followed.push_back(r);
    }
  }
  elect_partitions(std::move(led), ElectionKind::kControlledShutdown, false,
                   [this, id, followed = std::move(followed), d = std::move(done), n = std::move(next)](auto) mutable {
                     replicas_offline(std::move(followed), [this, id, e = std::move(d), m = std::move(n)]() mutable {
                       std::vector<TopicPartition> remaining;
                       for (const PartitionReplica& r : context_.replicas_on({id})) {
                         const ControllerContext::Partition* p = context_.partition(r.first);
                         const bool counts = p->assignment.replicas.size() > 1 && p->leadership &&
                                             p->leadership->leader == id &&
                                             !context_.queued_for_deletion(r.first.topic);
                         if (counts) remaining.push_back(r.first);
                       }
                       e(kafka::ErrorCode::kNone, std::move(remaining));
                       m();
                     });
                   });
}

}  // namespace kz::broker
