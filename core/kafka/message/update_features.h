// UpdateFeatures, api key 57: finalises feature levels (KIP-584).
// Source: UpdateFeaturesRequest.json, UpdateFeaturesResponse.json @ 3.4.0.
//   v0: flexible.  v1: kind of change in place of a permission to downgrade, validation only (KIP-778).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct UpdateFeaturesRequest {
  static constexpr const char* kName = "UpdateFeaturesRequest";
  static constexpr int16_t kApiKey = 57, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 0;

  struct FeatureUpdateKey {
    std::string feature{};
    int16_t max_version_level = 0;
    bool allow_downgrade = false;
    int8_t upgrade_type = 1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.feature, "Feature");
      visit(m.max_version_level, "MaxVersionLevel");
      visit(m.allow_downgrade, "AllowDowngrade", range(0, 0));
      visit(m.upgrade_type, "UpgradeType", since(1));
    }
  };

  int32_t timeout_ms = 60000;
  std::vector<FeatureUpdateKey> feature_updates{};
  bool validate_only = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.timeout_ms, "timeoutMs");
    visit(m.feature_updates, "FeatureUpdates");
    visit(m.validate_only, "ValidateOnly", since(1));
  }
};

struct UpdateFeaturesResponse {
  static constexpr const char* kName = "UpdateFeaturesResponse";
  static constexpr int16_t kApiKey = 57, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 0;

  struct UpdatableFeatureResult {
    std::string feature{};
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.feature, "Feature");
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  std::vector<UpdatableFeatureResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
