// OffsetDelete, api key 47: deletes committed offsets of a group (KIP-496).
// Source: OffsetDeleteRequest.json, OffsetDeleteResponse.json @ 3.4.0.
//   v0: never flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct OffsetDeleteRequest {
  static constexpr const char* kName = "OffsetDeleteRequest";
  static constexpr int16_t kApiKey = 47, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = kNeverFlexible;

  struct OffsetDeleteRequestPartition {
    int32_t partition_index = 0;

    static constexpr void fields(auto&& visit, auto& m) { visit(m.partition_index, "PartitionIndex"); }
  };

  struct OffsetDeleteRequestTopic {
    std::string name{};
    std::vector<OffsetDeleteRequestPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  std::string group_id{};
  std::vector<OffsetDeleteRequestTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group_id, "GroupId");
    visit(m.topics, "Topics");
  }
};

struct OffsetDeleteResponse {
  static constexpr const char* kName = "OffsetDeleteResponse";
  static constexpr int16_t kApiKey = 47, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = kNeverFlexible;

  struct OffsetDeleteResponsePartition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct OffsetDeleteResponseTopic {
    std::string name{};
    std::vector<OffsetDeleteResponsePartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  int32_t throttle_time_ms = 0;
  std::vector<OffsetDeleteResponseTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.throttle_time_ms, "ThrottleTimeMs", ignorable());
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
