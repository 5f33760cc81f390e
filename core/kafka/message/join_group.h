// JoinGroup, api key 11: joins a consumer group, or rejoins it.
// Source: JoinGroupRequest.json, JoinGroupResponse.json @ 3.4.0.
//   v1: rebalance timeout (KIP-62).  v2: throttle time.  v3: answered before throttling (KIP-219).
//   v4: a new member is given its id first and asks again (KIP-394).  v5: group instance id (KIP-345).  v6: flexible.
//   v7: protocol type in the answer, protocol name may be null (KIP-559).  v8: reason (KIP-800).
//   v9: the leader may be told to leave the assignment (KIP-814).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct JoinGroupRequest {
  static constexpr const char* kName = "JoinGroupRequest";
  static constexpr int16_t kApiKey = 11, kMinVersion = 0, kMaxVersion = 9, kFlexibleSince = 6;

  struct JoinGroupRequestProtocol {
    std::string name{};
    Slice metadata{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.metadata, "Metadata");
    }
  };

  std::string group_id{};
  int32_t session_timeout_ms = 0;
  int32_t rebalance_timeout_ms = -1;
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  std::string protocol_type{};
  std::vector<JoinGroupRequestProtocol> protocols{};
  std::optional<std::string> reason{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group_id, "GroupId");
    visit(m.session_timeout_ms, "SessionTimeoutMs");
    visit(m.rebalance_timeout_ms, "RebalanceTimeoutMs", since(1).ignorable());
    visit(m.member_id, "MemberId");
    visit(m.group_instance_id, "GroupInstanceId", since(5));
    visit(m.protocol_type, "ProtocolType");
    visit(m.protocols, "Protocols");
    visit(m.reason, "Reason", since(8).ignorable());
  }
};

struct JoinGroupResponse {
  static constexpr const char* kName = "JoinGroupResponse";
  static constexpr int16_t kApiKey = 11, kMinVersion = 0, kMaxVersion = 9, kFlexibleSince = 6;

  struct JoinGroupResponseMember {
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    Slice metadata{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.member_id, "MemberId");
      visit(m.group_instance_id, "GroupInstanceId", since(5).ignorable());
      visit(m.metadata, "Metadata");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int32_t generation_id = -1;
  std::optional<std::string> protocol_type{};
  std::optional<std::string> protocol_name = "";
  std::string leader{};
  bool skip_assignment = false;
  std::string member_id{};
  std::vector<JoinGroupResponseMember> members{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(2).ignorable());
    visit(m.error_code, "ErrorCode");
    visit(m.generation_id, "GenerationId");
    visit(m.protocol_type, "ProtocolType", since(7).ignorable());
    visit(m.protocol_name, "ProtocolName", always().nullable_since(7));
    visit(m.leader, "Leader");
    visit(m.skip_assignment, "SkipAssignment", since(9));
    visit(m.member_id, "MemberId");
    visit(m.members, "Members");
  }
};

}  // namespace kz::kafka
