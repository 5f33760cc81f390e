// AlterPartitionReassignments, api key 45: starts and cancels reassignments (KIP-455).
// Source: AlterPartitionReassignmentsRequest.json, AlterPartitionReassignmentsResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AlterPartitionReassignmentsRequest {
  static constexpr const char* kName = "AlterPartitionReassignmentsRequest";
  static constexpr int16_t kApiKey = 45, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct ReassignablePartition {
    int32_t partition_index = 0;
    std::optional<std::vector<int32_t>> replicas{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.replicas, "Replicas");
    }
  };

  struct ReassignableTopic {
    std::string name{};
    std::vector<ReassignablePartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t timeout_ms = 60000;
  std::vector<ReassignableTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.timeout_ms, "TimeoutMs");
    visit(m.topics, "Topics");
  }
};

struct AlterPartitionReassignmentsResponse {
  static constexpr const char* kName = "AlterPartitionReassignmentsResponse";
  static constexpr int16_t kApiKey = 45, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct ReassignablePartitionResponse {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
    }
  };

  struct ReassignableTopicResponse {
    std::string name{};
    std::vector<ReassignablePartitionResponse> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  std::vector<ReassignableTopicResponse> responses{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.responses, "Responses");
  }
};

}  // namespace kz::kafka
