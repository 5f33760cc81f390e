// AlterPartition, api key 56: a leader asks the controller for another ISR; AlterIsr until 3.1 (KIP-497).
// Source: AlterPartitionRequest.json, AlterPartitionResponse.json @ 3.4.0.
//   v0: flexible.  v1: recovery state of the leader (KIP-704).  v2: topic ids for names (KIP-841).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AlterPartitionRequest {
  static constexpr const char* kName = "AlterPartitionRequest";
  static constexpr int16_t kApiKey = 56, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 0;

  struct PartitionData {
    int32_t partition_index = 0;
    int32_t leader_epoch = 0;
    std::vector<int32_t> new_isr{};
    int8_t leader_recovery_state = 0;
    int32_t partition_epoch = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.leader_epoch, "LeaderEpoch");
      visit(m.new_isr, "NewIsr");
      visit(m.leader_recovery_state, "LeaderRecoveryState", since(1));
      visit(m.partition_epoch, "PartitionEpoch");
    }
  };

  struct TopicData {
    std::string topic_name{};
    Uuid topic_id{};
    std::vector<PartitionData> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", range(0, 1).ignorable());
      visit(m.topic_id, "TopicId", since(2).ignorable());
      visit(m.partitions, "Partitions");
    }
  };

  int32_t broker_id = 0;
  int64_t broker_epoch = -1;
  std::vector<TopicData> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.broker_id, "BrokerId");
    visit(m.broker_epoch, "BrokerEpoch");
    visit(m.topics, "Topics");
  }
};

struct AlterPartitionResponse {
  static constexpr const char* kName = "AlterPartitionResponse";
  static constexpr int16_t kApiKey = 56, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 0;

  struct PartitionData {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    int32_t leader_id = 0;
    int32_t leader_epoch = 0;
    std::vector<int32_t> isr{};
    int8_t leader_recovery_state = 0;
    int32_t partition_epoch = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
      visit(m.leader_id, "LeaderId");
      visit(m.leader_epoch, "LeaderEpoch");
      visit(m.isr, "Isr");
      visit(m.leader_recovery_state, "LeaderRecoveryState", since(1).ignorable());
      visit(m.partition_epoch, "PartitionEpoch");
    }
  };

  struct TopicData {
    std::string topic_name{};
    Uuid topic_id{};
    std::vector<PartitionData> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", range(0, 1).ignorable());
      visit(m.topic_id, "TopicId", since(2).ignorable());
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<TopicData> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
