// DescribeAcls, api key 29: lists the access control entries that match a filter.
// Source: DescribeAclsRequest.json, DescribeAclsResponse.json @ 3.4.0.
//   v1: pattern type (KIP-290).  v2: flexible.  v3: the resource type USER (KIP-373).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeAclsRequest {
  static constexpr const char* kName = "DescribeAclsRequest";
  static constexpr int16_t kApiKey = 29, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

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

struct DescribeAclsResponse {
  static constexpr const char* kName = "DescribeAclsResponse";
  static constexpr int16_t kApiKey = 29, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct AclDescription {
    std::string principal{};
    std::string host{};
    int8_t operation = 0;
    int8_t permission_type = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.principal, "Principal");
      visit(m.host, "Host");
      visit(m.operation, "Operation");
      visit(m.permission_type, "PermissionType");
    }
  };

  struct DescribeAclsResource {
    int8_t resource_type = 0;
    std::string resource_name{};
    int8_t pattern_type = 3;
    std::vector<AclDescription> acls{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.resource_type, "ResourceType");
      visit(m.resource_name, "ResourceName");
      visit(m.pattern_type, "PatternType", since(1));
      visit(m.acls, "Acls");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  std::vector<DescribeAclsResource> resources{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.resources, "Resources");
  }
};

}  // namespace kz::kafka
