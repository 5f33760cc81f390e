// DescribeDelegationToken, api key 41: lists delegation tokens (KIP-48).
// Source: DescribeDelegationTokenRequest.json, DescribeDelegationTokenResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible.  v3: who asked for the token (KIP-373).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeDelegationTokenRequest {
  static constexpr const char* kName = "DescribeDelegationTokenRequest";
  static constexpr int16_t kApiKey = 41, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct DescribeDelegationTokenOwner {
    std::string principal_type{};
    std::string principal_name{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.principal_type, "PrincipalType");
      visit(m.principal_name, "PrincipalName");
    }
  };

  std::optional<std::vector<DescribeDelegationTokenOwner>> owners = std::vector<DescribeDelegationTokenOwner>{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.owners, "Owners"); }
};

struct DescribeDelegationTokenResponse {
  static constexpr const char* kName = "DescribeDelegationTokenResponse";
  static constexpr int16_t kApiKey = 41, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 2;

  struct DescribedDelegationTokenRenewer {
    std::string principal_type{};
    std::string principal_name{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.principal_type, "PrincipalType");
      visit(m.principal_name, "PrincipalName");
    }
  };

  struct DescribedDelegationToken {
    std::string principal_type{};
    std::string principal_name{};
    std::string token_requester_principal_type{};
    std::string token_requester_principal_name{};
    int64_t issue_timestamp = 0;
    int64_t expiry_timestamp = 0;
    int64_t max_timestamp = 0;
    std::string token_id{};
    Slice hmac{};
    std::vector<DescribedDelegationTokenRenewer> renewers{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.principal_type, "PrincipalType");
      visit(m.principal_name, "PrincipalName");
      visit(m.token_requester_principal_type, "TokenRequesterPrincipalType", since(3));
      visit(m.token_requester_principal_name, "TokenRequesterPrincipalName", since(3));
      visit(m.issue_timestamp, "IssueTimestamp");
      visit(m.expiry_timestamp, "ExpiryTimestamp");
      visit(m.max_timestamp, "MaxTimestamp");
      visit(m.token_id, "TokenId");
      visit(m.hmac, "Hmac", always().sensitive());
      visit(m.renewers, "Renewers");
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<DescribedDelegationToken> tokens{};
  int32_t throttle_time_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.tokens, "Tokens");
    visit(m.throttle_time_ms, "ThrottleTimeMs");
  }
};

}  // namespace kz::kafka
