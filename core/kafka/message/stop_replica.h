// StopReplica, api key 5: the controller tells a broker to stop, and perhaps delete, replicas.
// Source: StopReplicaRequest.json, StopReplicaResponse.json @ 3.4.0.
//   v0: flat list.  v1: broker epoch, grouped by topic (KIP-380).  v2: flexible.
//   v3: leader epoch and the deletion flag a partition (KIP-570).  v4: flag for KRaft controllers (KIP-866).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct StopReplicaRequest {
  static constexpr const char* kName = "StopReplicaRequest";
  static constexpr int16_t kApiKey = 5, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 2;

  struct StopReplicaPartitionV0 {
    std::string topic_name{};
    int32_t partition_index = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", range(0, 0));
      visit(m.partition_index, "PartitionIndex", range(0, 0));
    }
  };

  struct StopReplicaTopicV1 {
    std::string name{};
    std::vector<int32_t> partition_indexes{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", range(1, 2));
      visit(m.partition_indexes, "PartitionIndexes", range(1, 2));
    }
  };

  struct StopReplicaPartitionState {
    int32_t partition_index = 0;
    int32_t leader_epoch = -1;
    bool delete_partition = false;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex", since(3));
      visit(m.leader_epoch, "LeaderEpoch", since(3));
      visit(m.delete_partition, "DeletePartition", since(3));
    }
  };

  struct StopReplicaTopicState {
    std::string topic_name{};
    std::vector<StopReplicaPartitionState> partition_states{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", since(3));
      visit(m.partition_states, "PartitionStates", since(3));
    }
  };

  int32_t controller_id = 0;
  bool is_kraft_controller = false;
  int32_t controller_epoch = 0;
  int64_t broker_epoch = -1;
  bool delete_partitions = false;
  std::vector<StopReplicaPartitionV0> ungrouped_partitions{};
  std::vector<StopReplicaTopicV1> topics{};
  std::vector<StopReplicaTopicState> topic_states{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.controller_id, "ControllerId");
    visit(m.is_kraft_controller, "isKRaftController", since(4));
    visit(m.controller_epoch, "ControllerEpoch");
    visit(m.broker_epoch, "BrokerEpoch", since(1).ignorable());
    visit(m.delete_partitions, "DeletePartitions", range(0, 2));
    visit(m.ungrouped_partitions, "UngroupedPartitions", range(0, 0));
    visit(m.topics, "Topics", range(1, 2));
    visit(m.topic_states, "TopicStates", since(3));
  }
};

struct StopReplicaResponse {
  static constexpr const char* kName = "StopReplicaResponse";
  static constexpr int16_t kApiKey = 5, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 2;

  struct StopReplicaPartitionError {
    std::string topic_name{};
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName");
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<StopReplicaPartitionError> partition_errors{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.partition_errors, "PartitionErrors");
  }
};

}  // namespace kz::kafka
