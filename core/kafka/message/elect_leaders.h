// ElectLeaders, api key 43: elects the preferred leaders, or unclean ones (KIP-183).
// Source: ElectLeadersRequest.json, ElectLeadersResponse.json @ 3.4.0.
//   v1: the kind of election, error of the whole (KIP-460).  v2: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ElectLeadersRequest {
  static constexpr const char* kName = "ElectLeadersRequest";
  static constexpr int16_t kApiKey = 43, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  struct TopicPartitions {
    std::string topic{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partitions, "Partitions");
    }
  };

  int8_t election_type = 0;
  std::optional<std::vector<TopicPartitions>> topic_partitions = std::vector<TopicPartitions>{};
  int32_t timeout_ms = 60000;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.election_type, "ElectionType", since(1));
    visit(m.topic_partitions, "TopicPartitions");
    visit(m.timeout_ms, "TimeoutMs");
  }
};

struct ElectLeadersResponse {
  static constexpr const char* kName = "ElectLeadersResponse";
  static constexpr int16_t kApiKey = 43, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  struct PartitionResult {
    int32_t partition_id = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_id, "PartitionId");
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
    }
  };

  struct ReplicaElectionResult {
    std::string topic{};
    std::vector<PartitionResult> partition_result{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partition_result, "PartitionResult");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ReplicaElectionResult> replica_election_results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode", since(1));
    visit(m.replica_election_results, "ReplicaElectionResults");
  }
};

}  // namespace kz::kafka
