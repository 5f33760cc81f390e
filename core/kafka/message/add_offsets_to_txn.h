// AddOffsetsToTxn, api key 25: adds a group's offsets partition to a transaction.
// Source: AddOffsetsToTxnRequest.json, AddOffsetsToTxnResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: may answer PRODUCER_FENCED (KIP-588).  v3: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AddOffsetsToTxnRequest {
  static constexpr const char* kName = "AddOffsetsToTxnRequest";
  static constexpr int16_t kApiKey = 25, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  std::string transactional_id{};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  std::string group_id{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.transactional_id, "TransactionalId");
    visit(m.producer_id, "ProducerId");
    visit(m.producer_epoch, "ProducerEpoch");
    visit(m.group_id, "GroupId");
  }
};

struct AddOffsetsToTxnResponse {
  static constexpr const char* kName = "AddOffsetsToTxnResponse";
  static constexpr int16_t kApiKey = 25, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
  }
};

}  // namespace kz::kafka
