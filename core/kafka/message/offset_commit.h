// OffsetCommit, api key 8: commits offsets of a consumer group.
// Source: OffsetCommitRequest.json, OffsetCommitResponse.json @ 3.4.0.
//   v0: meant for ZooKeeper in old brokers.  v1: generation, member, a timestamp a partition.
//   v2: retention time in the timestamp's place.  v3: throttle time.  v4: answered before throttling (KIP-219).
//   v5: no retention time (KIP-211).  v6: leader epoch (KIP-320).  v7: group instance id (KIP-345).  v8: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct OffsetCommitRequest {
  static constexpr const char* kName = "OffsetCommitRequest";
  static constexpr int16_t kApiKey = 8, kMinVersion = 0, kMaxVersion = 8, kFlexibleSince = 8;

  struct OffsetCommitRequestPartition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;
    int32_t committed_leader_epoch = -1;
    int64_t commit_timestamp = -1;
    std::optional<std::string> committed_metadata = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.committed_offset, "CommittedOffset");
      visit(m.committed_leader_epoch, "CommittedLeaderEpoch", since(6).ignorable());
      visit(m.commit_timestamp, "CommitTimestamp", range(1, 1));
      visit(m.committed_metadata, "CommittedMetadata");
    }
  };

  struct OffsetCommitRequestTopic {
    std::string name{};
    std::vector<OffsetCommitRequestPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  std::string group_id{};
  int32_t generation_id = -1;
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  int64_t retention_time_ms = -1;
  std::vector<OffsetCommitRequestTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group_id, "GroupId");
    visit(m.generation_id, "GenerationId", since(1).ignorable());
    visit(m.member_id, "MemberId", since(1).ignorable());
    visit(m.group_instance_id, "GroupInstanceId", since(7));
    visit(m.retention_time_ms, "RetentionTimeMs", range(2, 4).ignorable());
    visit(m.topics, "Topics");
  }
};

struct OffsetCommitResponse {
  static constexpr const char* kName = "OffsetCommitResponse";
  static constexpr int16_t kApiKey = 8, kMinVersion = 0, kMaxVersion = 8, kFlexibleSince = 8;

  struct OffsetCommitResponsePartition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct OffsetCommitResponseTopic {
    std::string name{};
    std::vector<OffsetCommitResponsePartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<OffsetCommitResponseTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(3).ignorable());
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
