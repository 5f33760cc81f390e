// SyncGroup, api key 14: the group's leader hands in the assignment, each member fetches its own.
// Source: SyncGroupRequest.json, SyncGroupResponse.json @ 3.4.0.
//   v1: throttle time.  v2: answered before throttling (KIP-219).  v3: group instance id (KIP-345).  v4: flexible.
//   v5: protocol type and name, which must be the group's (KIP-559).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct SyncGroupRequest {
  static constexpr const char* kName = "SyncGroupRequest";
  static constexpr int16_t kApiKey = 14, kMinVersion = 0, kMaxVersion = 5, kFlexibleSince = 4;

  struct SyncGroupRequestAssignment {
    std::string member_id{};
    Slice assignment{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.member_id, "MemberId");
      visit(m.assignment, "Assignment");
    }
  };

  std::string group_id{};
  int32_t generation_id = 0;
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  std::optional<std::string> protocol_type{};
  std::optional<std::string> protocol_name{};
  std::vector<SyncGroupRequestAssignment> assignments{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group_id, "GroupId");
    visit(m.generation_id, "GenerationId");
    visit(m.member_id, "MemberId");
    visit(m.group_instance_id, "GroupInstanceId", since(3));
    visit(m.protocol_type, "ProtocolType", since(5).ignorable());
    visit(m.protocol_name, "ProtocolName", since(5).ignorable());
    visit(m.assignments, "Assignments");
  }
};

struct SyncGroupResponse {
  static constexpr const char* kName = "SyncGroupResponse";
  static constexpr int16_t kApiKey = 14, kMinVersion = 0, kMaxVersion = 5, kFlexibleSince = 4;

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> protocol_type{};
  std::optional<std::string> protocol_name{};
  Slice assignment{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.error_code, "ErrorCode");
    visit(m.protocol_type, "ProtocolType", since(5).ignorable());
    visit(m.protocol_name, "ProtocolName", since(5).ignorable());
    visit(m.assignment, "Assignment");
  }
};

}  // namespace kz::kafka
