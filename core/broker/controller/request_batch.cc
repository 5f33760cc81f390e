#include "core/broker/controller/request_batch.h"

namespace kz::broker {
namespace {
constexpr LeaderEpoch kEpochDuringDelete = -2;  // LeaderAndIsr.EpochDuringDelete: always accepted
constexpr LeaderEpoch kNoEpoch = -1;
}  // namespace

BrokerInfo to_broker_info(const BrokerNode& node) { return {node.id, node.endpoints, node.rack, node.epoch}; }

void RequestBatch::add_leader_and_isr(const std::vector<BrokerId>& brokers, const TopicPartition& tp, bool is_new) {
  const ControllerContext::Partition* p = context_.partition(tp);
  if (!p || !p->leadership) return;
  for (const BrokerId id : brokers) {
    if (id < 0) continue;
    LeaderAndIsrPartition& out = leader_and_isr_[id][tp];
    const bool already_new = out.is_new;
    out.tp = tp;
    out.topic_id = context_.topics.at(tp.topic).id;
    out.controller_epoch = p->leadership->controller_epoch;
    out.leader = p->leadership->leader;
    out.leader_epoch = p->leadership->leader_epoch;
    out.isr = p->leadership->isr;
    out.partition_epoch = p->leadership->partition_epoch;
    out.replicas = p->assignment.replicas;
    out.is_new = is_new || already_new;
  }
  add_update_metadata(context_.live_brokers(), {tp});
}

void RequestBatch::add_stop_replica(BrokerId broker, const TopicPartition& tp, bool delete_partition) {
  if (broker < 0) return;
  StopReplicaPartition& out = stop_replica_[broker][tp];
  out.tp = tp;
  const ControllerContext::Partition* p = context_.partition(tp);
  if (context_.queued_for_deletion(tp.topic)) {
    out.leader_epoch = kEpochDuringDelete;
  } else {
    out.leader_epoch = p && p->leadership ? p->leadership->leader_epoch : kNoEpoch;
  }
  out.delete_partition = out.delete_partition || delete_partition;
}

void RequestBatch::add_update_metadata(const std::vector<BrokerId>& brokers,
                                       const std::vector<TopicPartition>& partitions) {
  for (const BrokerId id : brokers) {
    if (id >= 0) metadata_brokers_.insert(id);
  }
  for (const TopicPartition& tp : partitions) {
    const ControllerContext::Partition* p = context_.partition(tp);
    if (!p || !p->leadership) continue;
    const bool deleting = context_.queued_for_deletion(tp.topic);
    PartitionInfo info;
    info.leader = deleting ? kLeaderDuringDelete : p->leadership->leader;
    info.leader_epoch = deleting ? 0 : p->leadership->leader_epoch;
    info.partition_epoch = deleting ? 0 : p->leadership->partition_epoch;
    info.controller_epoch = p->leadership->controller_epoch;
    info.replicas = p->assignment.replicas;
    info.isr = p->leadership->isr;
    for (const BrokerId id : info.replicas) {
      if (!context_.replica_online(id, tp)) info.offline.push_back(id);
    }
    metadata_[tp] = std::move(info);
  }
}

void RequestBatch::flush() {
  const auto leader_and_isr = std::exchange(leader_and_isr_, {});
  const auto stop_replica = std::exchange(stop_replica_, {});
  const auto metadata_brokers = std::exchange(metadata_brokers_, {});
  const auto metadata = std::exchange(metadata_, {});
  const auto epoch_of = [&](BrokerId id) { return context_.live.at(id).epoch; };

  for (const auto& [broker, partitions] : leader_and_isr) {
    if (!context_.live.contains(broker)) continue;
    LeaderAndIsrUpdate update;
    update.controller_id = own_id_;
    update.controller_epoch = context_.epoch;
    for (const auto& [tp, state] : partitions) update.partitions.push_back(state);
    send_(broker, {epoch_of(broker), std::move(update)});
  }
  if (!metadata_brokers.empty()) {
    MetadataUpdate update;
    update.controller_id = own_id_;
    update.controller_epoch = context_.epoch;
    for (const auto& [id, node] : context_.live) update.live_brokers.push_back(to_broker_info(node));
    for (const auto& [tp, info] : metadata) {
      if (update.topics.empty() || update.topics.back().name != tp.topic) {
        const auto topic = context_.topics.find(tp.topic);
        update.topics.push_back({tp.topic, topic == context_.topics.end() ? kafka::Uuid{} : topic->second.id, {}});
      }
      update.topics.back().partitions.emplace_back(tp.partition, info);
    }
    for (const BrokerId broker : metadata_brokers) {
      if (context_.live.contains(broker)) send_(broker, {epoch_of(broker), update});
    }
  }
  for (const auto& [broker, partitions] : stop_replica) {
    if (!context_.live.contains(broker)) continue;
    StopReplicaUpdate update;
    update.controller_id = own_id_;
    update.controller_epoch = context_.epoch;
    for (const auto& [tp, state] : partitions) update.partitions.push_back(state);
    send_(broker, {epoch_of(broker), std::move(update)});
  }
}

void RequestBatch::clear() {
  leader_and_isr_.clear();
  stop_replica_.clear();
  metadata_brokers_.clear();
  metadata_.clear();
}

}  // namespace kz::broker
