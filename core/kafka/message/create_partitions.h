// CreatePartitions, api key 37: gives topics more partitions.
// Source: CreatePartitionsRequest.json, CreatePartitionsResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible.  v3: may answer THROTTLING_QUOTA_EXCEEDED (KIP-599).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct CreatePartitionsRequest {
  static constexpr const char* kName = "CreatePartitionsRequest";
  static constexpr int16_t kApiKey = 37, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct CreatePartitionsAssignment {
    std::vector<int32_t> broker_ids{};

    static constexpr void fields(auto&& visit, auto& m) { visit(m.broker_ids, "BrokerIds"); }
  };

  struct CreatePartitionsTopic {
    std::string name{};
    int32_t count = 0;
    std::optional<std::vector<CreatePartitionsAssignment>> assignments = std::vector<CreatePartitionsAssignment>{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.count, "Count");
      visit(m.assignments, "Assignments");
    }
  };

  std::vector<CreatePartitionsTopic> topics{};
  int32_t timeout_ms = 0;
  bool validate_only = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.topics, "Topics");
    visit(m.timeout_ms, "TimeoutMs");
    visit(m.validate_only, "ValidateOnly");
  }
};

struct CreatePartitionsResponse {
  static constexpr const char* kName = "CreatePartitionsResponse";
  static constexpr int16_t kApiKey = 37, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct CreatePartitionsTopicResult {
    std::string name{};
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<CreatePartitionsTopicResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
