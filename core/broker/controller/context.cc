#include "core/broker/controller/context.h"

#include <algorithm>

namespace kz::broker {

void ControllerContext::reset() {
  const int32_t old_epoch = epoch;
  *this = ControllerContext{};
  epoch = old_epoch;
}

ControllerContext::Partition* ControllerContext::partition(const TopicPartition& tp) {
  const auto topic = topics.find(tp.topic);
  if (topic == topics.end()) return nullptr;
  const auto it = topic->second.partitions.find(tp.partition);
  return it == topic->second.partitions.end() ? nullptr : &it->second;
}

const ControllerContext::Partition* ControllerContext::partition(const TopicPartition& tp) const {
  return const_cast<ControllerContext*>(this)->partition(tp);
}

bool ControllerContext::replica_online(BrokerId broker, const TopicPartition& tp) const {
  if (!live.contains(broker) || shutting_down.contains(broker)) return false;
  const auto dirs = offline_dirs.find(broker);
  return dirs == offline_dirs.end() || !dirs->second.contains(tp);
}

std::vector<BrokerId> ControllerContext::live_brokers() const {
  std::vector<BrokerId> out;
  for (const auto& [id, node] : live) out.push_back(id);
  return out;
}

std::vector<TopicPartition> ControllerContext::all_partitions() const {
  std::vector<TopicPartition> out;
  for (const auto& [name, topic] : topics) {
    for (const auto& [index, partition] : topic.partitions) out.push_back({name, index});
  }
  return out;
}

std::vector<TopicPartition> ControllerContext::partitions_of(const std::string& name) const {
  std::vector<TopicPartition> out;
  const auto topic = topics.find(name);
  if (topic == topics.end()) return out;
  for (const auto& [index, partition] : topic->second.partitions) out.push_back({name, index});
  return out;
}

std::vector<TopicPartition> ControllerContext::partitions_with_leaders() const {
  std::vector<TopicPartition> out;
  for (const auto& [name, topic] : topics) {
    if (queued_for_deletion(name)) continue;
    for (const auto& [index, partition] : topic.partitions) {
      if (partition.leadership) out.push_back({name, index});
    }
  }
  return out;
}

std::vector<TopicPartition> ControllerContext::partitions_with_offline_leader() const {
  std::vector<TopicPartition> out;
  for (const TopicPartition& tp : partitions_with_leaders()) {
    if (!replica_online(partition(tp)->leadership->leader, tp)) out.push_back(tp);
  }
  return out;
}

std::vector<PartitionReplica> ControllerContext::replicas_on(const std::vector<BrokerId>& brokers) const {
  std::vector<PartitionReplica> out;
  for (const auto& [name, topic] : topics) {
    for (const auto& [index, partition] : topic.partitions) {
      for (const BrokerId id : partition.assignment.replicas) {
        if (std::ranges::find(brokers, id) != brokers.end()) out.push_back({{name, index}, id});
      }
    }
  }
  return out;
}

std::vector<PartitionReplica> ControllerContext::replicas_of(const std::string& name) const {
  std::vector<PartitionReplica> out;
  const auto topic = topics.find(name);
  if (topic == topics.end()) return out;
  for (const auto& [index, partition] : topic->second.partitions) {
    for (const BrokerId id : partition.assignment.replicas) out.push_back({{name, index}, id});
  }
  return out;
}

std::vector<PartitionReplica> ControllerContext::replicas_in_state(const std::string& topic, ReplicaState state) const {
  std::vector<PartitionReplica> out = replicas_of(topic);
  std::erase_if(out, [&](const PartitionReplica& r) { return replica_state(r) != state; });
  return out;
}

bool ControllerContext::any_replica_in_state(const std::string& topic, ReplicaState state) const {
  return std::ranges::any_of(replicas_of(topic), [&](const auto& r) { return replica_state(r) == state; });
}

bool ControllerContext::all_replicas_in_state(const std::string& topic, ReplicaState state) const {
  return std::ranges::all_of(replicas_of(topic), [&](const auto& r) { return replica_state(r) == state; });
}

ReplicaState ControllerContext::replica_state(const PartitionReplica& replica) const {
  const Partition* p = partition(replica.first);
  if (!p) return ReplicaState::kNonExistent;
  const auto it = p->replicas.find(replica.second);
  return it == p->replicas.end() ? ReplicaState::kNonExistent : it->second;
}

void ControllerContext::set_replica_state(const PartitionReplica& replica, ReplicaState state) {
  if (Partition* p = partition(replica.first)) p->replicas[replica.second] = state;
}

void ControllerContext::remove_topic(const std::string& topic) {
  topics.erase(topic);
  to_delete.erase(topic);
  deletion_started.erase(topic);
  deletion_ineligible.erase(topic);
  for (auto& [broker, partitions] : offline_dirs) {
    std::erase_if(partitions, [&](const TopicPartition& tp) { return tp.topic == topic; });
  }
}

}  // namespace kz::broker
