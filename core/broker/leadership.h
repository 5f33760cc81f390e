// The controller's orders to a broker: who leads which partition (LeaderAndIsr) and which replicas to drop
// (StopReplica). The lone broker's controller calls with these directly; the wire requests are decoded into the same.
// Source: LeaderAndIsrRequest.json, StopReplicaRequest.json @ 3.4.0.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/kafka/error.h"
#include "core/kafka/uuid.h"
#include "core/ports_log.h"

namespace kz::broker {

struct LeaderAndIsrPartition {
  TopicPartition tp;
  kafka::Uuid topic_id;  // zero below inter.broker.protocol.version 2.8
  int32_t controller_epoch = 0;
  BrokerId leader = -1;
  LeaderEpoch leader_epoch = 0;
  std::vector<BrokerId> isr;
  int32_t partition_epoch = 0;  // version of the state znode
  std::vector<BrokerId> replicas;
  bool is_new = false;  // the log may be created even while a directory is offline
};

struct LeaderAndIsrUpdate {
  BrokerId controller_id = -1;
  int32_t controller_epoch = 0;
  std::vector<LeaderAndIsrPartition> partitions;
};

struct StopReplicaPartition {
  TopicPartition tp;
  LeaderEpoch leader_epoch = -1;  // -2: the topic is being deleted
  bool delete_partition = false;
};

struct StopReplicaUpdate {
  BrokerId controller_id = -1;
  int32_t controller_epoch = 0;
  std::vector<StopReplicaPartition> partitions;
};

struct PartitionError {
  TopicPartition tp;
  kafka::ErrorCode code = kafka::ErrorCode::kNone;
};

// code other than kNone (kStaleControllerEpoch): nothing was applied and partitions is empty.
struct LeadershipResult {
  kafka::ErrorCode code = kafka::ErrorCode::kNone;
  std::vector<PartitionError> partitions;
};

}  // namespace kz::broker
