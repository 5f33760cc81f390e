// What one step of the controller will tell the brokers, gathered per broker and sent in the order LeaderAndIsr,
// UpdateMetadata, StopReplica. Source: AbstractControllerBrokerRequestBatch @ 3.4.0.
// Owned by the Controller; not thread-safe.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/broker/controller/context.h"
#include "core/broker/controller/control_requests.h"

namespace kz::broker {

class RequestBatch {
 public:
  // Both outlive the batch. `send` delivers to one live broker.
  using Send = std::function<void(BrokerId, ControlRequest)>;
  RequestBatch(const ControllerContext& context, BrokerId own_id, Send send)
      : context_(context), own_id_(own_id), send_(std::move(send)) {}

  // LeaderAndIsr to these brokers with the context's leadership, and UpdateMetadata of the partition to all.
  void add_leader_and_isr(const std::vector<BrokerId>& brokers, const TopicPartition& tp, bool is_new);
  void add_stop_replica(BrokerId broker, const TopicPartition& tp, bool delete_partition);
  // UpdateMetadata to these brokers; the partitions join what is sent to all of them.
  void add_update_metadata(const std::vector<BrokerId>& brokers, const std::vector<TopicPartition>& partitions);
  void flush();
  void clear();

 private:
  const ControllerContext& context_;
  const BrokerId own_id_;
  const Send send_;
  std::map<BrokerId, std::map<TopicPartition, LeaderAndIsrPartition>> leader_and_isr_;
  std::map<BrokerId, std::map<TopicPartition, StopReplicaPartition>> stop_replica_;
  std::set<BrokerId> metadata_brokers_;
  std::map<TopicPartition, PartitionInfo> metadata_;
};

BrokerInfo to_broker_info(const BrokerNode& node);

}  // namespace kz::broker
