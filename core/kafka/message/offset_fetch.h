// OffsetFetch, api key 9: reads committed offsets. Source: OffsetFetchRequest.json, OffsetFetchResponse.json @ 3.4.0.
//   v1: from __consumer_offsets.  v2: null asks for all topics, error of the group (KIP-88).  v3: throttle time.
//   v4: answered before throttling (KIP-219).  v5: leader epoch (KIP-320).  v6: flexible.
//   v7: may insist on offsets without open transactions (KIP-447).  v8: several groups (KIP-709).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct OffsetFetchRequest {
  static constexpr const char* kName = "OffsetFetchRequest";
  static constexpr int16_t kApiKey = 9, kMinVersion = 0, kMaxVersion = 8, kFlexibleSince = 6;

  struct OffsetFetchRequestTopic {
    std::string name{};
    std::vector<int32_t> partition_indexes{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", range(0, 7));
      visit(m.partition_indexes, "PartitionIndexes", range(0, 7));
    }
  };

  struct OffsetFetchRequestTopics {
    std::string name{};
    std::vector<int32_t> partition_indexes{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", since(8));
      visit(m.partition_indexes, "PartitionIndexes", since(8));
    }
  };

  struct OffsetFetchRequestGroup {
    std::string group_id{};
    std::optional<std::vector<OffsetFetchRequestTopics>> topics = std::vector<OffsetFetchRequestTopics>{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.group_id, "groupId", since(8));
      visit(m.topics, "Topics", since(8));
    }
  };

  std::string group_id{};
  std::optional<std::vector<OffsetFetchRequestTopic>> topics = std::vector<OffsetFetchRequestTopic>{};
  std::vector<OffsetFetchRequestGroup> groups{};
  bool require_stable = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group_id, "GroupId", range(0, 7));
    visit(m.topics, "Topics", range(0, 7).nullable_since(2));
    visit(m.groups, "Groups", since(8));
    visit(m.require_stable, "RequireStable", since(7));
  }
};

struct OffsetFetchResponse {
  static constexpr const char* kName = "OffsetFetchResponse";
  static constexpr int16_t kApiKey = 9, kMinVersion = 0, kMaxVersion = 8, kFlexibleSince = 6;

  struct OffsetFetchResponsePartition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;
    int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata = "";
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex", range(0, 7));
      visit(m.committed_offset, "CommittedOffset", range(0, 7));
      visit(m.committed_leader_epoch, "CommittedLeaderEpoch", range(5, 7).ignorable());
      visit(m.metadata, "Metadata", range(0, 7));
      visit(m.error_code, "ErrorCode", range(0, 7));
    }
  };

  struct OffsetFetchResponseTopic {
    std::string name{};
    std::vector<OffsetFetchResponsePartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", range(0, 7));
      visit(m.partitions, "Partitions", range(0, 7));
    }
  };

  struct OffsetFetchResponsePartitions {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;
    int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata = "";
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex", since(8));
      visit(m.committed_offset, "CommittedOffset", since(8));
      visit(m.committed_leader_epoch, "CommittedLeaderEpoch", since(8).ignorable());
      visit(m.metadata, "Metadata", since(8));
      visit(m.error_code, "ErrorCode", since(8));
    }
  };

  struct OffsetFetchResponseTopics {
    std::string name{};
    std::vector<OffsetFetchResponsePartitions> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", since(8));
      visit(m.partitions, "Partitions", since(8));
    }
  };

  struct OffsetFetchResponseGroup {
    std::string group_id{};
    std::vector<OffsetFetchResponseTopics> topics{};
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.group_id, "groupId", since(8));
      visit(m.topics, "Topics", since(8));
      visit(m.error_code, "ErrorCode", since(8));
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<OffsetFetchResponseTopic> topics{};
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<OffsetFetchResponseGroup> groups{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(3).ignorable());
    visit(m.topics, "Topics", range(0, 7));
    visit(m.error_code, "ErrorCode", range(2, 7).ignorable());
    visit(m.groups, "Groups", since(8));
  }
};

}  // namespace kz::kafka
