// DeleteAcls, api key 31: deletes the access control entries that match a filter.
// Source: DeleteAclsRequest.json, DeleteAclsResponse.json @ 3.4.0.
//   v1: pattern type (KIP-290).  v2: flexible.  v3: the resource type USER (KIP-373).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DeleteAclsRequest {
  static constexpr const char* kName = "DeleteAclsRequest";
  static constexpr int16_t kApiKey = 31, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct DeleteAclsFilter {
    int8_t resource_type_filter = 0;
    std::optional<std::string> resource_name_filter = "";
    int8_t pattern_type_filter = 3;
    std::optional<std::string> principal_filter = "";
    std::optional<std::string> host_filter = "";
    int8_t operation = 0;
    int8_t permission_type = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.resource_type_filter, "ResourceTypeFilter");
      visit(m.resource_name_filter, "ResourceNameFilter");
      visit(m.pattern_type_filter, "PatternTypeFilter", since(1));
      visit(m.principal_filter, "PrincipalFilter");
      visit(m.host_filter, "HostFilter");
      visit(m.operation, "Operation");
      visit(m.permission_type, "PermissionType");
    }
  };

  std::vector<DeleteAclsFilter> filters{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.filters, "Filters"); }
};

struct DeleteAclsResponse {
  static constexpr const char* kName = "DeleteAclsResponse";
  static constexpr int16_t kApiKey = 31, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct DeleteAclsMatchingAcl {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";
    int8_t resource_type = 0;
    std::string resource_name{};
    int8_t pattern_type = 3;
    std::string principal{};
    std::string host{};
    int8_t operation = 0;
    int8_t permission_type = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
      visit(m.resource_type, "ResourceType");
      visit(m.resource_name, "ResourceName");
      visit(m.pattern_type, "PatternType", since(1));
      visit(m.principal, "Principal");
      visit(m.host, "Host");
      visit(m.operation, "Operation");
      visit(m.permission_type, "PermissionType");
    }
  };

  struct DeleteAclsFilterResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";
    std::vector<DeleteAclsMatchingAcl> matching_acls{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
      visit(m.matching_acls, "MatchingAcls");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<DeleteAclsFilterResult> filter_results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.filter_results, "FilterResults");
  }
};

}  // namespace kz::kafka
