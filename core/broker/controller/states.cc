// Transitions of partitions and replicas. Source: ZkPartitionStateMachine, ZkReplicaStateMachine @ 3.4.0.
#include <algorithm>

#include "core/broker/controller/controller.h"
#include "core/broker/zk/paths.h"

namespace kz::broker {
namespace {

std::string show(const TopicPartition& tp) { return tp.topic + "-" + std::to_string(tp.partition); }

std::string show(const PartitionStateNode& s) {
  return fmt::format("LeaderAndIsr(leader={}, leaderEpoch={}, isr=[{}], partitionEpoch={})", s.leader, s.leader_epoch,
                     fmt::join(s.isr, ","), s.partition_epoch);
}

}  // namespace

void Controller::initialize_partitions(std::vector<TopicPartition> partitions, Next next) {
  std::vector<ZkOp> ops;
  std::vector<std::pair<TopicPartition, PartitionStateNode>> states;
  std::set<std::string> topics;
  for (const TopicPartition& tp : partitions) {
    const ControllerContext::Partition* p = context_.partition(tp);
    if (!p) continue;
    PartitionStateNode state;
    for (const BrokerId id : p->assignment.replicas) {
      if (context_.replica_online(id, tp)) state.isr.push_back(id);
    }
    if (state.isr.empty()) {
      state_log_.warn(
          "Controller {} epoch {} encountered error during state change of partition {} from New to Online, assigned "
          "replicas are [{}]. No assigned replica is alive.",
          config_.broker_id, context_.epoch, show(tp), fmt::join(p->assignment.replicas, ","));
      continue;
    }
    state.leader = state.isr[0];
    state.controller_epoch = context_.epoch;
    state.partition_epoch = 0;
    if (topics.insert(tp.topic).second) ops.push_back(ZkOp::create(zkpath::partitions(tp.topic), {}));
    states.emplace_back(tp, std::move(state));
  }
  // Parents that are there already answer NODEEXISTS, which is fine; the session keeps the order of what is sent.
  const size_t topic_count = ops.size();
  for (const auto& [tp, state] : states) ops.push_back(ZkOp::create(zkpath::partition(tp.topic, tp.partition), {}));
  for (const auto& [tp, state] : states) ops.push_back(ZkOp::create(zkpath::state(tp), encode_partition_state(state)));
  guarded(std::move(ops), [this, topic_count, states = std::move(states),
                           n = std::move(next)](std::vector<ZkOpResult> results) mutable {
    const size_t first = topic_count + states.size();
    std::vector<TopicPartition> existing;
    for (size_t i = 0; i < states.size(); ++i) {
      auto& [tp, state] = states[i];
      ControllerContext::Partition* p = context_.partition(tp);
      if (!p) continue;
      if (results[first + i].code == ZkCode::kNodeExists) {
        // The answer to our own write may have been lost, or a former controller got this far.
        existing.push_back(tp);
        continue;
      }
      if (results[first + i].code != ZkCode::kOk) {
        state_log_.warn("Controller {} epoch {} failed to change state for partition {} from New to Online: {}",
                        config_.broker_id, context_.epoch, show(tp), zk_code_name(results[first + i].code));
        continue;
      }
      const std::vector<BrokerId> isr = state.isr;
      p->leadership = std::move(state);
      p->state = PartitionState::kOnline;
      state_log_.debug("Changed partition {} from New to Online with state {}", show(tp), show(*p->leadership));
      batch_.add_leader_and_isr(isr, tp, true);
    }
    if (existing.empty()) {
      batch_.flush();
      n();
    } else {
      adopt_states(std::move(existing), std::move(n));
    }
  });
}

void Controller::adopt_states(std::vector<TopicPartition> partitions, Next next) {
  std::vector<ZkRequest> reads;
  for (const TopicPartition& tp : partitions) reads.push_back(ZkRequest::get(zkpath::state(tp)));
  zk_all(zk_, std::move(reads), step([this, partitions, n = std::move(next)](Results r) mutable {
           if (lost_session(r)) return;
           for (size_t i = 0; i < partitions.size(); ++i) {
             ControllerContext::Partition* p = context_.partition(partitions[i]);
             auto state = r[i].ok() ? decode_partition_state(r[i].data, r[i].stat.version) : fail(Errc::kNotFound);
             if (!p || !state || state->controller_epoch > context_.epoch) continue;
             p->leadership = std::move(*state);
             const bool led = context_.replica_online(p->leadership->leader, partitions[i]);
             p->state = led ? PartitionState::kOnline : PartitionState::kOffline;
             batch_.add_leader_and_isr(p->leadership->isr, partitions[i], true);
           }
           batch_.flush();
           elect_offline_of(std::move(partitions), std::move(n));
         }));
}

void Controller::elect_partitions(std::vector<TopicPartition> partitions, ElectionKind kind, bool allow_unclean,
                                  ElectDone done) {
  if (partitions.empty()) {
    done({});
    return;
  }
  // Reads the states, then the configurations that decide on unclean elections, then writes; what another writer
  // changed meanwhile is tried again.
  struct Election {
    std::vector<TopicPartition> partitions;
    std::map<TopicPartition, kafka::ErrorCode> results;
    std::map<std::string, bool> unclean;  // by topic
    ElectDone done;
  };
  auto election = std::make_shared<Election>();
  election->done = std::move(done);
  std::vector<ZkRequest> reads;
  for (const TopicPartition& tp : partitions) reads.push_back(ZkRequest::get(zkpath::state(tp)));
  std::vector<std::string> config_topics;
  if (kind == ElectionKind::kOffline && !allow_unclean) {
    for (const TopicPartition& tp : partitions) {
      const ControllerContext::Partition* p = context_.partition(tp);
      const bool hopeless = p && p->leadership && std::ranges::none_of(p->leadership->isr, [&](BrokerId id) {
                              return context_.replica_online(id, tp);
                            });
      if (hopeless && std::ranges::find(config_topics, tp.topic) == config_topics.end())
        config_topics.push_back(tp.topic);
    }
    for (const std::string& topic : config_topics) reads.push_back(ZkRequest::get(zkpath::config("topics", topic)));
  }
  election->partitions = std::move(partitions);
  zk_all(zk_, std::move(reads), step([this, election, kind, allow_unclean, config_topics](Results r) mutable {
           if (lost_session(r)) return;
           const size_t count = election->partitions.size();
           for (size_t i = 0; i < config_topics.size(); ++i) {
             bool unclean = config_.unclean_leader_election_enable;
             if (r[count + i].ok()) {
               if (const auto config = decode_config(r[count + i].data)) {
                 if (const auto it = config->find("unclean.leader.election.enable"); it != config->end()) {
                   unclean = it->second == "true";
                 }
               }
             }
             election->unclean[config_topics[i]] = unclean;
           }
           std::vector<ZkOp> ops;
           std::vector<std::pair<TopicPartition, ElectionResult>> planned;
           for (size_t i = 0; i < count; ++i) {
             const TopicPartition& tp = election->partitions[i];
             const ControllerContext::Partition* p = context_.partition(tp);
             auto state = r[i].ok() ? decode_partition_state(r[i].data, r[i].stat.version) : fail(Errc::kNotFound);
             if (!p || !state || state->controller_epoch > context_.epoch) {
               election->results[tp] = kafka::ErrorCode::kUnknownTopicOrPartition;
               continue;
             }
             ElectionInput input;
             input.tp = tp;
             input.current = std::move(*state);
             input.replicas = p->assignment.replicas;
             for (const BrokerId id : input.replicas) {
               if (std::ranges::find(p->assignment.removing, id) == p->assignment.removing.end()) {
                 input.target_replicas.push_back(id);
               }
             }
             const auto unclean = election->unclean.find(tp.topic);
             input.unclean_allowed = allow_unclean || (unclean != election->unclean.end() && unclean->second);
             ElectionResult result = elect_leader(
                 kind, input, config_.supports_recovery, [&](BrokerId id) { return context_.replica_online(id, tp); },
                 [&](BrokerId id) { return context_.shutting_down.contains(id); });
             if (!result.state) {
               state_log_.debug("Failed to elect leader for partition {}", show(tp));
               election->results[tp] = kind == ElectionKind::kPreferred
                                           ? kafka::ErrorCode::kPreferredLeaderNotAvailable
                                           : kafka::ErrorCode::kEligibleLeadersNotAvailable;
               continue;
             }
             result.state->controller_epoch = context_.epoch;
             ops.push_back(
                 ZkOp::set(zkpath::state(tp), encode_partition_state(*result.state), result.state->partition_epoch));
             planned.emplace_back(tp, std::move(result));
           }
           guarded(std::move(ops), [this, election, kind, allow_unclean,
                                    planned = std::move(planned)](std::vector<ZkOpResult> results) mutable {
             std::vector<TopicPartition> retry;
             for (size_t i = 0; i < planned.size(); ++i) {
               auto& [tp, result] = planned[i];
               ControllerContext::Partition* p = context_.partition(tp);
               if (!p) continue;
               if (results[i].code == ZkCode::kBadVersion) {
                 retry.push_back(tp);
                 continue;
               }
               if (results[i].code != ZkCode::kOk) {
                 election->results[tp] = kafka::ErrorCode::kUnknownServerError;
                 continue;
               }
               result.state->partition_epoch = results[i].stat.version;
               p->leadership = *result.state;
               p->state = PartitionState::kOnline;
               state_log_.debug("Changed partition {} to Online with state {}", show(tp), show(*p->leadership));
               election->results[tp] = kafka::ErrorCode::kNone;
               batch_.add_leader_and_isr(result.recipients, tp, false);
             }
             if (!retry.empty()) {
               elect_partitions(std::move(retry), kind, allow_unclean,
                                [election](std::map<TopicPartition, kafka::ErrorCode> more) mutable {
                                  election->results.merge(more);
                                  election->done(std::move(election->results));
                                });
               return;
             }
             batch_.flush();
             election->done(std::move(election->results));
           });
         }));
}

void Controller::trigger_online(Next next) { trigger_online_of(context_.all_partitions(), std::move(next)); }

void Controller::trigger_online_of(std::vector<TopicPartition> candidates, Next next) {
  std::vector<TopicPartition> fresh;
  std::vector<TopicPartition> offline;
  for (const TopicPartition& tp : candidates) {
    const ControllerContext::Partition* p = context_.partition(tp);
    if (!p || context_.queued_for_deletion(tp.topic)) continue;
    if (p->state == PartitionState::kNew) fresh.push_back(tp);
    if (p->state == PartitionState::kOffline) offline.push_back(tp);
  }
  initialize_partitions(std::move(fresh), [this, offline = std::move(offline), n = std::move(next)]() mutable {
    elect_offline_of(std::move(offline), std::move(n));
  });
}

void Controller::elect_offline_of(std::vector<TopicPartition> partitions, Next next) {
  std::erase_if(partitions, [this](const TopicPartition& tp) {
    const ControllerContext::Partition* p = context_.partition(tp);
    return !p || p->state != PartitionState::kOffline;
  });
  elect_partitions(std::move(partitions), ElectionKind::kOffline, false,
                   [n = std::move(next)](const auto&) mutable { n(); });
}

void Controller::replicas_online(const std::vector<PartitionReplica>& replicas) {
  for (const PartitionReplica& r : replicas) {
    const ReplicaState state = context_.replica_state(r);
    const bool deleting = state == ReplicaState::kDeletionStarted || state == ReplicaState::kDeletionSuccessful;
    if (deleting) continue;
    if (state != ReplicaState::kNew) batch_.add_leader_and_isr({r.second}, r.first, false);
    context_.set_replica_state(r, ReplicaState::kOnline);
  }
}

void Controller::replicas_offline(std::vector<PartitionReplica> replicas, Next next) {
  std::map<BrokerId, std::vector<TopicPartition>> by_broker;
  for (const PartitionReplica& r : replicas) {
    const ControllerContext::Partition* p = context_.partition(r.first);
    const ReplicaState state = context_.replica_state(r);
    if (!p || state == ReplicaState::kDeletionStarted || state == ReplicaState::kDeletionSuccessful) continue;
    batch_.add_stop_replica(r.second, r.first, false);
    if (p->leadership) {
      by_broker[r.second].push_back(r.first);
    } else {
      batch_.add_update_metadata(context_.live_brokers(), {r.first});
    }
    context_.set_replica_state(r, ReplicaState::kOffline);
  }
  // One broker after the other: each takes one replica out of an ISR that the one before may have changed.
  auto todo = std::make_shared<std::map<BrokerId, std::vector<TopicPartition>>>(std::move(by_broker));
  auto loop = std::make_shared<std::function<void()>>();
  auto last = std::make_shared<Next>(std::move(next));
  *loop = [this, todo, last, weak = std::weak_ptr<std::function<void()>>(loop)] {
    if (todo->empty()) {
      batch_.flush();
      (*last)();
      return;
    }
    auto node = todo->extract(todo->begin());
    remove_from_isr(node.key(), std::move(node.mapped()), [again = weak.lock()] { (*again)(); });
  };
  (*loop)();
}

void Controller::remove_from_isr(BrokerId broker, std::vector<TopicPartition> partitions, Next next) {
  std::vector<ZkRequest> reads;
  for (const TopicPartition& tp : partitions) reads.push_back(ZkRequest::get(zkpath::state(tp)));
  zk_all(zk_, std::move(reads), step([this, broker, partitions, n = std::move(next)](Results r) mutable {
           if (lost_session(r)) return;
           std::vector<ZkOp> ops;
           std::vector<std::pair<TopicPartition, PartitionStateNode>> planned;
           for (size_t i = 0; i < partitions.size(); ++i) {
             auto state = r[i].ok() ? decode_partition_state(r[i].data, r[i].stat.version) : fail(Errc::kNotFound);
             ControllerContext::Partition* p = context_.partition(partitions[i]);
             if (!state || !p || state->controller_epoch > context_.epoch) continue;
             if (std::ranges::find(state->isr, broker) == state->isr.end()) {
               p->leadership = *state;
               p->leadership->controller_epoch = context_.epoch;
               continue;
             }
             if (state->leader == broker) state->leader = kNoLeader;
             if (state->isr.size() > 1) std::erase(state->isr, broker);
             ++state->leader_epoch;
             state->controller_epoch = context_.epoch;
             ops.push_back(
                 ZkOp::set(zkpath::state(partitions[i]), encode_partition_state(*state), state->partition_epoch));
             planned.emplace_back(partitions[i], std::move(*state));
           }
           guarded(std::move(ops), [this, broker, planned = std::move(planned),
                                    m = std::move(n)](std::vector<ZkOpResult> results) mutable {
             std::vector<TopicPartition> retry;
             for (size_t i = 0; i < planned.size(); ++i) {
               auto& [tp, state] = planned[i];
               ControllerContext::Partition* p = context_.partition(tp);
               if (!p) continue;
               if (results[i].code == ZkCode::kBadVersion) {
                 retry.push_back(tp);
                 continue;
               }
               if (results[i].code != ZkCode::kOk) continue;
               state.partition_epoch = results[i].stat.version;
               p->leadership = std::move(state);
               if (context_.queued_for_deletion(tp.topic)) continue;
               std::vector<BrokerId> others = p->assignment.replicas;
               std::erase(others, broker);
               batch_.add_leader_and_isr(others, tp, false);
             }
             if (retry.empty()) {
               m();
             } else {
               remove_from_isr(broker, std::move(retry), std::move(m));
             }
           });
         }));
}

}  // namespace kz::broker
