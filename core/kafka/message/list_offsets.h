// ListOffsets, api key 2: the offset of a timestamp, of the log's start or of its end.
// Source: ListOffsetsRequest.json, ListOffsetsResponse.json @ 3.4.0.
//   v0: several offsets, by segment.  v1: one offset with its timestamp (KIP-79).
//   v2: isolation level (KIP-98), throttle time.  v3: answered before throttling (KIP-219).
//   v4: leader epoch (KIP-320).  v5: may answer OFFSET_NOT_AVAILABLE (KIP-207).  v6: flexible.
//   v7: the offset of the largest timestamp, -3 (KIP-734).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ListOffsetsRequest {
  static constexpr const char* kName = "ListOffsetsRequest";
  static constexpr int16_t kApiKey = 2, kMinVersion = 0, kMaxVersion = 7, kFlexibleSince = 6;

  struct ListOffsetsPartition {
    int32_t partition_index = 0;
    int32_t current_leader_epoch = -1;
    int64_t timestamp = 0;
    int32_t max_num_offsets = 1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.current_leader_epoch, "CurrentLeaderEpoch", since(4).ignorable());
      visit(m.timestamp, "Timestamp");
      visit(m.max_num_offsets, "MaxNumOffsets", range(0, 0));
    }
  };

  struct ListOffsetsTopic {
    std::string name{};
    std::vector<ListOffsetsPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t replica_id = 0;
  int8_t isolation_level = 0;
  std::vector<ListOffsetsTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.replica_id, "ReplicaId");
    visit(m.isolation_level, "IsolationLevel", since(2));
    visit(m.topics, "Topics");
  }
};

struct ListOffsetsResponse {
  static constexpr const char* kName = "ListOffsetsResponse";
  static constexpr int16_t kApiKey = 2, kMinVersion = 0, kMaxVersion = 7, kFlexibleSince = 6;

  struct ListOffsetsPartitionResponse {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::vector<int64_t> old_style_offsets{};
    int64_t timestamp = -1;
    int64_t offset = -1;
    int32_t leader_epoch = -1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
      visit(m.old_style_offsets, "OldStyleOffsets", range(0, 0));
      visit(m.timestamp, "Timestamp", since(1));
      visit(m.offset, "Offset", since(1));
      visit(m.leader_epoch, "LeaderEpoch", since(4));
    }
  };

  struct ListOffsetsTopicResponse {
    std::string name{};
    std::vector<ListOffsetsPartitionResponse> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<ListOffsetsTopicResponse> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(2).ignorable());
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
