// LeaveGroup, api key 13: members leave a consumer group.
// Source: LeaveGroupRequest.json, LeaveGroupResponse.json @ 3.4.0.
//   v0: one member.  v1: throttle time.  v2: answered before throttling (KIP-219).
//   v3: a list of members, each by id or group instance id (KIP-345).  v4: flexible.  v5: reason (KIP-800).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct LeaveGroupRequest {
  static constexpr const char* kName = "LeaveGroupRequest";
  static constexpr int16_t kApiKey = 13, kMinVersion = 0, kMaxVersion = 5, kFlexibleSince = 4;

  struct MemberIdentity {
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    std::optional<std::string> reason{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.member_id, "MemberId", since(3));
      visit(m.group_instance_id, "GroupInstanceId", since(3));
      visit(m.reason, "Reason", since(5).ignorable());
    }
  };

  std::string group_id{};
  std::string member_id{};
  std::vector<MemberIdentity> members{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group_id, "GroupId");
    visit(m.member_id, "MemberId", range(0, 2));
    visit(m.members, "Members", since(3));
  }
};

struct LeaveGroupResponse {
  static constexpr const char* kName = "LeaveGroupResponse";
  static constexpr int16_t kApiKey = 13, kMinVersion = 0, kMaxVersion = 5, kFlexibleSince = 4;

  struct MemberResponse {
    std::string member_id{};
    std::optional<std::string> group_instance_id = "";
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.member_id, "MemberId", since(3));
      visit(m.group_instance_id, "GroupInstanceId", since(3));
      visit(m.error_code, "ErrorCode", since(3));
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<MemberResponse> members{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.error_code, "ErrorCode");
    visit(m.members, "Members", since(3));
  }
};

}  // namespace kz::kafka
