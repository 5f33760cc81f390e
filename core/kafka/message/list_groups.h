// ListGroups, api key 16: the groups that a broker coordinates.
// Source: ListGroupsRequest.json, ListGroupsResponse.json @ 3.4.0.
//   v1: throttle time.  v2: answered before throttling (KIP-219).  v3: flexible.
//   v4: states, as filter and in the answer (KIP-518).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ListGroupsRequest {
  static constexpr const char* kName = "ListGroupsRequest";
  static constexpr int16_t kApiKey = 16, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 3;

  std::vector<std::string> states_filter{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.states_filter, "StatesFilter", since(4)); }
};

struct ListGroupsResponse {
  static constexpr const char* kName = "ListGroupsResponse";
  static constexpr int16_t kApiKey = 16, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 3;

  struct ListedGroup {
    std::string group_id{};
    std::string protocol_type{};
    std::string group_state{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.group_id, "GroupId");
      visit(m.protocol_type, "ProtocolType");
      visit(m.group_state, "GroupState", since(4).ignorable());
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ListedGroup> groups{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.error_code, "ErrorCode");
    visit(m.groups, "Groups");
  }
};

}  // namespace kz::kafka
