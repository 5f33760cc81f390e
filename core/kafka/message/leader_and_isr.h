// LeaderAndIsr, api key 4: the controller tells a broker which replicas it leads or follows.
// Source: LeaderAndIsrRequest.json, LeaderAndIsrResponse.json @ 3.4.0.
//   v0,  v1: a flat list of partitions;  v1: whether they are new (KIP-112).
//   v2: broker epoch, grouped by topic (KIP-380).  v3: replicas being added and removed (KIP-455).  v4: flexible.
//   v5: topic ids, full or partial list (KIP-516).  v6: recovery state of the leader (KIP-704).
//   v7: flag for KRaft controllers (KIP-866).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct LeaderAndIsrRequest {
  static constexpr const char* kName = "LeaderAndIsrRequest";
  static constexpr int16_t kApiKey = 4, kMinVersion = 0, kMaxVersion = 7, kFlexibleSince = 4;

  struct LeaderAndIsrPartitionState {
    std::string topic_name{};
    int32_t partition_index = 0;
    int32_t controller_epoch = 0;
    int32_t leader = 0;
    int32_t leader_epoch = 0;
    std::vector<int32_t> isr{};
    int32_t partition_epoch = 0;
    std::vector<int32_t> replicas{};
    std::vector<int32_t> adding_replicas{};
    std::vector<int32_t> removing_replicas{};
    bool is_new = false;
    int8_t leader_recovery_state = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", range(0, 1).ignorable());
      visit(m.partition_index, "PartitionIndex");
      visit(m.controller_epoch, "ControllerEpoch");
      visit(m.leader, "Leader");
      visit(m.leader_epoch, "LeaderEpoch");
      visit(m.isr, "Isr");
      visit(m.partition_epoch, "PartitionEpoch");
      visit(m.replicas, "Replicas");
      visit(m.adding_replicas, "AddingReplicas", since(3).ignorable());
      visit(m.removing_replicas, "RemovingReplicas", since(3).ignorable());
      visit(m.is_new, "IsNew", since(1).ignorable());
      visit(m.leader_recovery_state, "LeaderRecoveryState", since(6));
    }
  };

  struct LeaderAndIsrTopicState {
    std::string topic_name{};
    Uuid topic_id{};
    std::vector<LeaderAndIsrPartitionState> partition_states{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", since(2));
      visit(m.topic_id, "TopicId", since(5).ignorable());
      visit(m.partition_states, "PartitionStates", since(2));
    }
  };

  struct LeaderAndIsrLiveLeader {
    int32_t broker_id = 0;
    std::string host_name{};
    int32_t port = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.broker_id, "BrokerId");
      visit(m.host_name, "HostName");
      visit(m.port, "Port");
    }
  };

  int32_t controller_id = 0;
  bool is_kraft_controller = false;
  int32_t controller_epoch = 0;
  int64_t broker_epoch = -1;
  int8_t type = 0;
  std::vector<LeaderAndIsrPartitionState> ungrouped_partition_states{};
  std::vector<LeaderAndIsrTopicState> topic_states{};
  std::vector<LeaderAndIsrLiveLeader> live_leaders{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.controller_id, "ControllerId");
    visit(m.is_kraft_controller, "isKRaftController", since(7));
    visit(m.controller_epoch, "ControllerEpoch");
    visit(m.broker_epoch, "BrokerEpoch", since(2).ignorable());
    visit(m.type, "Type", since(5));
    visit(m.ungrouped_partition_states, "UngroupedPartitionStates", range(0, 1));
    visit(m.topic_states, "TopicStates", since(2));
    visit(m.live_leaders, "LiveLeaders");
  }
};

struct LeaderAndIsrResponse {
  static constexpr const char* kName = "LeaderAndIsrResponse";
  static constexpr int16_t kApiKey = 4, kMinVersion = 0, kMaxVersion = 7, kFlexibleSince = 4;

  struct LeaderAndIsrPartitionError {
    std::string topic_name{};
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", range(0, 4).ignorable());
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct LeaderAndIsrTopicError {
    Uuid topic_id{};
    std::vector<LeaderAndIsrPartitionError> partition_errors{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_id, "TopicId", since(5));
      visit(m.partition_errors, "PartitionErrors", since(5));
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<LeaderAndIsrPartitionError> partition_errors{};
  std::vector<LeaderAndIsrTopicError> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.partition_errors, "PartitionErrors", range(0, 4));
    visit(m.topics, "Topics", since(5));
  }
};

}  // namespace kz::kafka
