// EndTxn, api key 26: commits or aborts a transaction. Source: EndTxnRequest.json, EndTxnResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: may answer PRODUCER_FENCED (KIP-588).  v3: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct EndTxnRequest {
  static constexpr const char* kName = "EndTxnRequest";
  static constexpr int16_t kApiKey = 26, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  std::string transactional_id{};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  bool committed = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.transactional_id, "TransactionalId");
    visit(m.producer_id, "ProducerId");
    visit(m.producer_epoch, "ProducerEpoch");
    visit(m.committed, "Committed");
  }
};

struct EndTxnResponse {
  static constexpr const char* kName = "EndTxnResponse";
  static constexpr int16_t kApiKey = 26, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
  }
};

}  // namespace kz::kafka
