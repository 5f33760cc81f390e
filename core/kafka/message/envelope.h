// Envelope, api key 58: a request that another broker forwards to the controller, with its principal (KIP-590).
// Source: EnvelopeRequest.json, EnvelopeResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct EnvelopeRequest {
  static constexpr const char* kName = "EnvelopeRequest";
  static constexpr int16_t kApiKey = 58, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  Slice request_data{};
  std::optional<Slice> request_principal = Slice{};
  Slice client_host_address{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.request_data, "RequestData", always().sensitive());
    visit(m.request_principal, "RequestPrincipal");
    visit(m.client_host_address, "ClientHostAddress");
  }
};

struct EnvelopeResponse {
  static constexpr const char* kName = "EnvelopeResponse";
  static constexpr int16_t kApiKey = 58, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  std::optional<Slice> response_data{};
  ErrorCode error_code = ErrorCode::kNone;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.response_data, "ResponseData", always().sensitive());
    visit(m.error_code, "ErrorCode");
  }
};

}  // namespace kz::kafka
