// What the controller knows: live brokers, topics, assignments, leadership, states of partitions and replicas,
// deletions in progress. Source: ControllerContext.scala, PartitionStateMachine.scala, ReplicaStateMachine.scala
// @ 3.4.0. Owned by the Controller; not thread-safe.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/broker/zk/payloads.h"

namespace kz::broker {

enum class PartitionState : uint8_t { kNew, kOnline, kOffline, kNonExistent };
enum class ReplicaState : uint8_t {
  kNew,
  kOnline,
  kOffline,
  kDeletionStarted,
  kDeletionIneligible,
  kDeletionSuccessful,
  kNonExistent
};
using PartitionReplica = std::pair<TopicPartition, BrokerId>;

class ControllerContext {
 public:
  struct Partition {
    ReplicaAssignment assignment;
    std::optional<PartitionStateNode> leadership;  // as last read or written
    PartitionState state = PartitionState::kNonExistent;
    std::map<BrokerId, ReplicaState> replicas;
  };
  struct Topic {
    kafka::Uuid id;
    std::map<int32_t, Partition> partitions;
  };

  int32_t epoch = 0;
  int32_t epoch_zk_version = 0;
  std::map<BrokerId, BrokerNode> live;  // includes those shutting down
  std::set<BrokerId> shutting_down;
  std::map<BrokerId, std::set<TopicPartition>> offline_dirs;  // replicas on failed log directories
  std::map<std::string, Topic> topics;
  std::set<std::string> to_delete;
  std::set<std::string> deletion_started;
  std::set<std::string> deletion_ineligible;

  void reset();
  Partition* partition(const TopicPartition& tp);
  const Partition* partition(const TopicPartition& tp) const;
  bool queued_for_deletion(const std::string& topic) const { return to_delete.contains(topic); }
  // Live, not shutting down, and the replica not on a failed directory.
  bool replica_online(BrokerId broker, const TopicPartition& tp) const;
  std::vector<BrokerId> live_brokers() const;
  std::vector<TopicPartition> all_partitions() const;
  std::vector<TopicPartition> partitions_of(const std::string& topic) const;
  std::vector<TopicPartition> partitions_with_leaders() const;         // not being deleted
  std::vector<TopicPartition> partitions_with_offline_leader() const;  // not being deleted
  std::vector<PartitionReplica> replicas_on(const std::vector<BrokerId>& brokers) const;
  std::vector<PartitionReplica> replicas_of(const std::string& topic) const;
  std::vector<PartitionReplica> replicas_in_state(const std::string& topic, ReplicaState state) const;
  bool any_replica_in_state(const std::string& topic, ReplicaState state) const;
  bool all_replicas_in_state(const std::string& topic, ReplicaState state) const;
  ReplicaState replica_state(const PartitionReplica& replica) const;
  void set_replica_state(const PartitionReplica& replica, ReplicaState state);
  void remove_topic(const std::string& topic);
};

}  // namespace kz::broker
