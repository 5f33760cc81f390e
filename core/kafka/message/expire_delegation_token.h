// ExpireDelegationToken, api key 40: ends a delegation token (KIP-48).
// Source: ExpireDelegationTokenRequest.json, ExpireDelegationTokenResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ExpireDelegationTokenRequest {
  static constexpr const char* kName = "ExpireDelegationTokenRequest";
  static constexpr int16_t kApiKey = 40, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  Slice hmac{};
  int64_t expiry_time_period_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.hmac, "Hmac", always().sensitive());
    visit(m.expiry_time_period_ms, "ExpiryTimePeriodMs");
  }
};

struct ExpireDelegationTokenResponse {
  static constexpr const char* kName = "ExpireDelegationTokenResponse";
  static constexpr int16_t kApiKey = 40, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  ErrorCode error_code = ErrorCode::kNone;
  int64_t expiry_timestamp_ms = 0;
  int32_t throttle_time_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.expiry_timestamp_ms, "ExpiryTimestampMs");
    visit(m.throttle_time_ms, "ThrottleTimeMs");
  }
};

}  // namespace kz::kafka
