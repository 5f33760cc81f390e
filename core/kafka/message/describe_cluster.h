// DescribeCluster, api key 60: brokers and controller (KIP-700).
// Source: DescribeClusterRequest.json, DescribeClusterResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeClusterRequest {
  static constexpr const char* kName = "DescribeClusterRequest";
  static constexpr int16_t kApiKey = 60, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  bool include_cluster_authorized_operations = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.include_cluster_authorized_operations, "IncludeClusterAuthorizedOperations");
  }
};

struct DescribeClusterResponse {
  static constexpr const char* kName = "DescribeClusterResponse";
  static constexpr int16_t kApiKey = 60, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct DescribeClusterBroker {
    int32_t broker_id = 0;
    std::string host{};
    int32_t port = 0;
    std::optional<std::string> rack{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.broker_id, "BrokerId");
      visit(m.host, "Host");
      visit(m.port, "Port");
      visit(m.rack, "Rack");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message{};
  std::string cluster_id{};
  int32_t controller_id = -1;
  std::vector<DescribeClusterBroker> brokers{};
  int32_t cluster_authorized_operations = INT32_MIN;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.cluster_id, "ClusterId");
    visit(m.controller_id, "ControllerId");
    visit(m.brokers, "Brokers");
    visit(m.cluster_authorized_operations, "ClusterAuthorizedOperations");
  }
};

}  // namespace kz::kafka
