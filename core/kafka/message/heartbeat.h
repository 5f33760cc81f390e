// Heartbeat, api key 12: keeps a member of a consumer group alive.
// Source: HeartbeatRequest.json, HeartbeatResponse.json @ 3.4.0.
//   v1: throttle time.  v2: answered before throttling (KIP-219).  v3: group instance id (KIP-345).  v4: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct HeartbeatRequest {
  static constexpr const char* kName = "HeartbeatRequest";
  static constexpr int16_t kApiKey = 12, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 4;

  std::string group_id{};
  int32_t generation_id = 0;
  std::string member_id{};
  std::optional<std::string> group_instance_id{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group_id, "GroupId");
    visit(m.generation_id, "GenerationId");
    visit(m.member_id, "MemberId");
    visit(m.group_instance_id, "GroupInstanceId", since(3));
  }
};

struct HeartbeatResponse {
  static constexpr const char* kName = "HeartbeatResponse";
  static constexpr int16_t kApiKey = 12, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 4;

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.error_code, "ErrorCode");
  }
};

}  // namespace kz::kafka
