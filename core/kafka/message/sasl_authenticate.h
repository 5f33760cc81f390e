// SaslAuthenticate, api key 36: carries SASL tokens.
// Source: SaslAuthenticateRequest.json, SaslAuthenticateResponse.json @ 3.4.0.
//   v1: lifetime of the session (KIP-368).  v2: flexible. Since 1.0 (KIP-152).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct SaslAuthenticateRequest {
  static constexpr const char* kName = "SaslAuthenticateRequest";
  static constexpr int16_t kApiKey = 36, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  Slice auth_bytes{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.auth_bytes, "AuthBytes", always().sensitive()); }
};

struct SaslAuthenticateResponse {
  static constexpr const char* kName = "SaslAuthenticateResponse";
  static constexpr int16_t kApiKey = 36, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  Slice auth_bytes{};
  int64_t session_lifetime_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.auth_bytes, "AuthBytes", always().sensitive());
    visit(m.session_lifetime_ms, "SessionLifetimeMs", since(1).ignorable());
  }
};

}  // namespace kz::kafka
