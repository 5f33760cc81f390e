// CreateAcls, api key 30: creates access control entries.
// Source: CreateAclsRequest.json, CreateAclsResponse.json @ 3.4.0.
//   v1: pattern type (KIP-290).  v2: flexible.  v3: the resource type USER (KIP-373).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct CreateAclsRequest {
  static constexpr const char* kName = "CreateAclsRequest";
  static constexpr int16_t kApiKey = 30, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct AclCreation {
    int8_t resource_type = 0;
    std::string resource_name{};
    int8_t resource_pattern_type = 3;
    std::string principal{};
    std::string host{};
    int8_t operation = 0;
    int8_t permission_type = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.resource_type, "ResourceType");
      visit(m.resource_name, "ResourceName");
      visit(m.resource_pattern_type, "ResourcePatternType", since(1));
      visit(m.principal, "Principal");
      visit(m.host, "Host");
      visit(m.operation, "Operation");
      visit(m.permission_type, "PermissionType");
    }
  };

  std::vector<AclCreation> creations{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.creations, "Creations"); }
};

struct CreateAclsResponse {
  static constexpr const char* kName = "CreateAclsResponse";
  static constexpr int16_t kApiKey = 30, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct AclCreationResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<AclCreationResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
