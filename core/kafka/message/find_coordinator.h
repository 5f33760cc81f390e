// FindCoordinator, api key 10: finds the broker that serves a group or a transactional id.
// Source: FindCoordinatorRequest.json, FindCoordinatorResponse.json @ 3.4.0.
//   v1: key type, error message, throttle time (KIP-98).  v2: answered before throttling (KIP-219).  v3: flexible.
//   v4: several keys (KIP-699).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct FindCoordinatorRequest {
  static constexpr const char* kName = "FindCoordinatorRequest";
  static constexpr int16_t kApiKey = 10, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 3;

  std::string key{};
  int8_t key_type = 0;
  std::vector<std::string> coordinator_keys{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.key, "Key", range(0, 3));
    visit(m.key_type, "KeyType", since(1));
    visit(m.coordinator_keys, "CoordinatorKeys", since(4));
  }
};

struct FindCoordinatorResponse {
  static constexpr const char* kName = "FindCoordinatorResponse";
  static constexpr int16_t kApiKey = 10, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 3;

  struct Coordinator {
    std::string key{};
    int32_t node_id = 0;
    std::string host{};
    int32_t port = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.key, "Key", since(4));
      visit(m.node_id, "NodeId", since(4));
      visit(m.host, "Host", since(4));
      visit(m.port, "Port", since(4));
      visit(m.error_code, "ErrorCode", since(4));
      visit(m.error_message, "ErrorMessage", since(4).ignorable());
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  int32_t node_id = 0;
  std::string host{};
  int32_t port = 0;
  std::vector<Coordinator> coordinators{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.error_code, "ErrorCode", range(0, 3));
    visit(m.error_message, "ErrorMessage", range(1, 3).ignorable());
    visit(m.node_id, "NodeId", range(0, 3));
    visit(m.host, "Host", range(0, 3));
    visit(m.port, "Port", range(0, 3));
    visit(m.coordinators, "Coordinators", since(4));
  }
};

}  // namespace kz::kafka
