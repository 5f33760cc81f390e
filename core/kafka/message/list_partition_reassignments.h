// ListPartitionReassignments, api key 46: reassignments under way (KIP-455).
// Source: ListPartitionReassignmentsRequest.json, ListPartitionReassignmentsResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ListPartitionReassignmentsRequest {
  static constexpr const char* kName = "ListPartitionReassignmentsRequest";
  static constexpr int16_t kApiKey = 46, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct ListPartitionReassignmentsTopics {
    std::string name{};
    std::vector<int32_t> partition_indexes{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partition_indexes, "PartitionIndexes");
    }
  };

  int32_t timeout_ms = 60000;
  std::optional<std::vector<ListPartitionReassignmentsTopics>> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.timeout_ms, "TimeoutMs");
    visit(m.topics, "Topics");
  }
};

struct ListPartitionReassignmentsResponse {
  static constexpr const char* kName = "ListPartitionReassignmentsResponse";
  static constexpr int16_t kApiKey = 46, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct OngoingPartitionReassignment {
    int32_t partition_index = 0;
    std::vector<int32_t> replicas{};
    std::vector<int32_t> adding_replicas{};
    std::vector<int32_t> removing_replicas{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.replicas, "Replicas");
      visit(m.adding_replicas, "AddingReplicas");
      visit(m.removing_replicas, "RemovingReplicas");
    }
  };

  struct OngoingTopicReassignment {
    std::string name{};
    std::vector<OngoingPartitionReassignment> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  std::vector<OngoingTopicReassignment> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
