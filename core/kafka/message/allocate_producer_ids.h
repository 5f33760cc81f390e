// AllocateProducerIds, api key 67: a broker asks the controller for a block of producer ids (KIP-730).
// Source: AllocateProducerIdsRequest.json, AllocateProducerIdsResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AllocateProducerIdsRequest {
  static constexpr const char* kName = "AllocateProducerIdsRequest";
  static constexpr int16_t kApiKey = 67, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  int32_t broker_id = 0;
  int64_t broker_epoch = -1;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.broker_id, "BrokerId");
    visit(m.broker_epoch, "BrokerEpoch");
  }
};

struct AllocateProducerIdsResponse {
  static constexpr const char* kName = "AllocateProducerIdsResponse";
  static constexpr int16_t kApiKey = 67, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int64_t producer_id_start = 0;
  int32_t producer_id_len = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.producer_id_start, "ProducerIdStart");
    visit(m.producer_id_len, "ProducerIdLen");
  }
};

}  // namespace kz::kafka
