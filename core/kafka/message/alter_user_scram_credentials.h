// AlterUserScramCredentials, api key 51: sets and deletes SCRAM credentials (KIP-554).
// Source: AlterUserScramCredentialsRequest.json, AlterUserScramCredentialsResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AlterUserScramCredentialsRequest {
  static constexpr const char* kName = "AlterUserScramCredentialsRequest";
  static constexpr int16_t kApiKey = 51, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct ScramCredentialDeletion {
    std::string name{};
    int8_t mechanism = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.mechanism, "Mechanism");
    }
  };

  struct ScramCredentialUpsertion {
    std::string name{};
    int8_t mechanism = 0;
    int32_t iterations = 0;
    Slice salt{};
    Slice salted_password{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.mechanism, "Mechanism");
      visit(m.iterations, "Iterations");
      visit(m.salt, "Salt", always().sensitive());
      visit(m.salted_password, "SaltedPassword", always().sensitive());
    }
  };

  std::vector<ScramCredentialDeletion> deletions{};
  std::vector<ScramCredentialUpsertion> upsertions{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.deletions, "Deletions");
    visit(m.upsertions, "Upsertions");
  }
};

struct AlterUserScramCredentialsResponse {
  static constexpr const char* kName = "AlterUserScramCredentialsResponse";
  static constexpr int16_t kApiKey = 51, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct AlterUserScramCredentialsResult {
    std::string user{};
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.user, "User");
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<AlterUserScramCredentialsResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
