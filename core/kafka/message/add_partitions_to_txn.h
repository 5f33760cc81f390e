// AddPartitionsToTxn, api key 24: adds partitions to a transaction.
// Source: AddPartitionsToTxnRequest.json, AddPartitionsToTxnResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: may answer PRODUCER_FENCED (KIP-588).  v3: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AddPartitionsToTxnRequest {
  static constexpr const char* kName = "AddPartitionsToTxnRequest";
  static constexpr int16_t kApiKey = 24, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  struct AddPartitionsToTxnTopic {
    std::string name{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  std::string transactional_id{};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  std::vector<AddPartitionsToTxnTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.transactional_id, "TransactionalId");
    visit(m.producer_id, "ProducerId");
    visit(m.producer_epoch, "ProducerEpoch");
    visit(m.topics, "Topics");
  }
};

struct AddPartitionsToTxnResponse {
  static constexpr const char* kName = "AddPartitionsToTxnResponse";
  static constexpr int16_t kApiKey = 24, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  struct AddPartitionsToTxnPartitionResult {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct AddPartitionsToTxnTopicResult {
    std::string name{};
    std::vector<AddPartitionsToTxnPartitionResult> results{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.results, "Results");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<AddPartitionsToTxnTopicResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
