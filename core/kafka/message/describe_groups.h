// DescribeGroups, api key 15: state and members of consumer groups.
// Source: DescribeGroupsRequest.json, DescribeGroupsResponse.json @ 3.4.0.
//   v1: throttle time.  v2: answered before throttling (KIP-219).  v3: authorised operations (KIP-430).
//   v4: group instance id (KIP-345).  v5: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeGroupsRequest {
  static constexpr const char* kName = "DescribeGroupsRequest";
  static constexpr int16_t kApiKey = 15, kMinVersion = 0, kMaxVersion = 5, kFlexibleSince = 5;

  std::vector<std::string> groups{};
  bool include_authorized_operations = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.groups, "Groups");
    visit(m.include_authorized_operations, "IncludeAuthorizedOperations", since(3));
  }
};

struct DescribeGroupsResponse {
  static constexpr const char* kName = "DescribeGroupsResponse";
  static constexpr int16_t kApiKey = 15, kMinVersion = 0, kMaxVersion = 5, kFlexibleSince = 5;

  struct DescribedGroupMember {
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    std::string client_id{};
    std::string client_host{};
    Slice member_metadata{};
    Slice member_assignment{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.member_id, "MemberId");
      visit(m.group_instance_id, "GroupInstanceId", since(4).ignorable());
      visit(m.client_id, "ClientId");
      visit(m.client_host, "ClientHost");
      visit(m.member_metadata, "MemberMetadata");
      visit(m.member_assignment, "MemberAssignment");
    }
  };

  struct DescribedGroup {
    ErrorCode error_code = ErrorCode::kNone;
    std::string group_id{};
    std::string group_state{};
    std::string protocol_type{};
    std::string protocol_data{};
    std::vector<DescribedGroupMember> members{};
    int32_t authorized_operations = INT32_MIN;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.group_id, "GroupId");
      visit(m.group_state, "GroupState");
      visit(m.protocol_type, "ProtocolType");
      visit(m.protocol_data, "ProtocolData");
      visit(m.members, "Members");
      visit(m.authorized_operations, "AuthorizedOperations", since(3));
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.groups, "Groups");
  }
};

}  // namespace kz::kafka
