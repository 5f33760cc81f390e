// DescribeUserScramCredentials, api key 50: SCRAM credentials without their secrets (KIP-554).
// Source: DescribeUserScramCredentialsRequest.json, DescribeUserScramCredentialsResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeUserScramCredentialsRequest {
  static constexpr const char* kName = "DescribeUserScramCredentialsRequest";
  static constexpr int16_t kApiKey = 50, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct UserName {
    std::string name{};

    static constexpr void fields(auto&& visit, auto& m) { visit(m.name, "Name"); }
  };

  std::optional<std::vector<UserName>> users = std::vector<UserName>{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.users, "Users"); }
};

struct DescribeUserScramCredentialsResponse {
  static constexpr const char* kName = "DescribeUserScramCredentialsResponse";
  static constexpr int16_t kApiKey = 50, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct CredentialInfo {
    int8_t mechanism = 0;
    int32_t iterations = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.mechanism, "Mechanism");
      visit(m.iterations, "Iterations");
    }
  };

  struct DescribeUserScramCredentialsResult {
    std::string user{};
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";
    std::vector<CredentialInfo> credential_infos{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.user, "User");
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
      visit(m.credential_infos, "CredentialInfos");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  std::vector<DescribeUserScramCredentialsResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
