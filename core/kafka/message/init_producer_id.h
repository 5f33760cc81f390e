// InitProducerId, api key 22: gives a producer its id and epoch.
// Source: InitProducerIdRequest.json, InitProducerIdResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible.
//   v3: id and epoch in hand, to go on after a fatal error (KIP-360).  v4: may answer PRODUCER_FENCED (KIP-588).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct InitProducerIdRequest {
  static constexpr const char* kName = "InitProducerIdRequest";
  static constexpr int16_t kApiKey = 22, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 2;

  std::optional<std::string> transactional_id = "";
  int32_t transaction_timeout_ms = 0;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.transactional_id, "TransactionalId");
    visit(m.transaction_timeout_ms, "TransactionTimeoutMs");
    visit(m.producer_id, "ProducerId", since(3));
    visit(m.producer_epoch, "ProducerEpoch", since(3));
  }
};

struct InitProducerIdResponse {
  static constexpr const char* kName = "InitProducerIdResponse";
  static constexpr int16_t kApiKey = 22, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 2;

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", ignorable());
    visit(m.error_code, "ErrorCode");
    visit(m.producer_id, "ProducerId");
    visit(m.producer_epoch, "ProducerEpoch");
  }
};

}  // namespace kz::kafka
