// OffsetForLeaderEpoch, api key 23: where an epoch ends in the leader's log; how followers and consumers find
// divergence. Source: OffsetForLeaderEpochRequest.json, OffsetForLeaderEpochResponse.json @ 3.4.0.
//   v1: the epoch found (KIP-279).  v2: current leader epoch, throttle time (KIP-320).  v3: replica id (KIP-392).
//   v4: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct OffsetForLeaderEpochRequest {
  static constexpr const char* kName = "OffsetForLeaderEpochRequest";
  static constexpr int16_t kApiKey = 23, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 4;

  struct OffsetForLeaderPartition {
    int32_t partition = 0;
    int32_t current_leader_epoch = -1;
    int32_t leader_epoch = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition, "Partition");
      visit(m.current_leader_epoch, "CurrentLeaderEpoch", since(2).ignorable());
      visit(m.leader_epoch, "LeaderEpoch");
    }
  };

  struct OffsetForLeaderTopic {
    std::string topic{};
    std::vector<OffsetForLeaderPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t replica_id = -2;
  std::vector<OffsetForLeaderTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.replica_id, "ReplicaId", since(3).ignorable());
    visit(m.topics, "Topics");
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr const char* kName = "OffsetForLeaderEpochResponse";
  static constexpr int16_t kApiKey = 23, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 4;

  struct EpochEndOffset {
    ErrorCode error_code = ErrorCode::kNone;
    int32_t partition = 0;
    int32_t leader_epoch = -1;
    int64_t end_offset = -1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.partition, "Partition");
      visit(m.leader_epoch, "LeaderEpoch", since(1).ignorable());
      visit(m.end_offset, "EndOffset");
    }
  };

  struct OffsetForLeaderTopicResult {
    std::string topic{};
    std::vector<EpochEndOffset> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderTopicResult> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(2).ignorable());
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
