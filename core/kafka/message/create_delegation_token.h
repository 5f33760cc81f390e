// CreateDelegationToken, api key 38: creates a delegation token (KIP-48).
// Source: CreateDelegationTokenRequest.json, CreateDelegationTokenResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible.  v3: on behalf of another owner (KIP-373).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct CreateDelegationTokenRequest {
  static constexpr const char* kName = "CreateDelegationTokenRequest";
  static constexpr int16_t kApiKey = 38, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct CreatableRenewers {
    std::string principal_type{};
    std::string principal_name{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.principal_type, "PrincipalType");
      visit(m.principal_name, "PrincipalName");
    }
  };

  std::optional<std::string> owner_principal_type = "";
  std::optional<std::string> owner_principal_name = "";
  std::vector<CreatableRenewers> renewers{};
  int64_t max_lifetime_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.owner_principal_type, "OwnerPrincipalType", since(3));
    visit(m.owner_principal_name, "OwnerPrincipalName", since(3));
    visit(m.renewers, "Renewers");
    visit(m.max_lifetime_ms, "MaxLifetimeMs");
  }
};

struct CreateDelegationTokenResponse {
  static constexpr const char* kName = "CreateDelegationTokenResponse";
  static constexpr int16_t kApiKey = 38, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  ErrorCode error_code = ErrorCode::kNone;
  std::string principal_type{};
  std::string principal_name{};
  std::string token_requester_principal_type{};
  std::string token_requester_principal_name{};
  int64_t issue_timestamp_ms = 0;
  int64_t expiry_timestamp_ms = 0;
  int64_t max_timestamp_ms = 0;
  std::string token_id{};
  Slice hmac{};
  int32_t throttle_time_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.principal_type, "PrincipalType");
    visit(m.principal_name, "PrincipalName");
    visit(m.token_requester_principal_type, "TokenRequesterPrincipalType", since(3));
    visit(m.token_requester_principal_name, "TokenRequesterPrincipalName", since(3));
    visit(m.issue_timestamp_ms, "IssueTimestampMs");
    visit(m.expiry_timestamp_ms, "ExpiryTimestampMs");
    visit(m.max_timestamp_ms, "MaxTimestampMs");
    visit(m.token_id, "TokenId");
    visit(m.hmac, "Hmac", always().sensitive());
    visit(m.throttle_time_ms, "ThrottleTimeMs");
  }
};

}  // namespace kz::kafka
