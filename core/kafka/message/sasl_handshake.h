// SaslHandshake, api key 17: chooses a SASL mechanism.
// Source: SaslHandshakeRequest.json, SaslHandshakeResponse.json @ 3.4.0.
//   v1: tokens follow in SaslAuthenticate requests instead of bare frames (KIP-152). Never flexible (KAFKA-9577).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct SaslHandshakeRequest {
  static constexpr const char* kName = "SaslHandshakeRequest";
  static constexpr int16_t kApiKey = 17, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = kNeverFlexible;

  std::string mechanism{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.mechanism, "Mechanism"); }
};

struct SaslHandshakeResponse {
  static constexpr const char* kName = "SaslHandshakeResponse";
  static constexpr int16_t kApiKey = 17, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = kNeverFlexible;

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string> mechanisms{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.mechanisms, "Mechanisms");
  }
};

}  // namespace kz::kafka
