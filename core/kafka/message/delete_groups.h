// DeleteGroups, api key 42: deletes empty consumer groups (KIP-229).
// Source: DeleteGroupsRequest.json, DeleteGroupsResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DeleteGroupsRequest {
  static constexpr const char* kName = "DeleteGroupsRequest";
  static constexpr int16_t kApiKey = 42, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  std::vector<std::string> groups_names{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.groups_names, "GroupsNames"); }
};

struct DeleteGroupsResponse {
  static constexpr const char* kName = "DeleteGroupsResponse";
  static constexpr int16_t kApiKey = 42, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  struct DeletableGroupResult {
    std::string group_id{};
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.group_id, "GroupId");
      visit(m.error_code, "ErrorCode");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<DeletableGroupResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
