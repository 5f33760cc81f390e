// DescribeTransactions, api key 65: state of transactional ids (KIP-664).
// Source: DescribeTransactionsRequest.json, DescribeTransactionsResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeTransactionsRequest {
  static constexpr const char* kName = "DescribeTransactionsRequest";
  static constexpr int16_t kApiKey = 65, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  std::vector<std::string> transactional_ids{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.transactional_ids, "TransactionalIds"); }
};

struct DescribeTransactionsResponse {
  static constexpr const char* kName = "DescribeTransactionsResponse";
  static constexpr int16_t kApiKey = 65, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct TopicData {
    std::string topic{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partitions, "Partitions");
    }
  };

  struct TransactionState {
    ErrorCode error_code = ErrorCode::kNone;
    std::string transactional_id{};
    std::string transaction_state{};
    int32_t transaction_timeout_ms = 0;
    int64_t transaction_start_time_ms = 0;
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    std::vector<TopicData> topics{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.transactional_id, "TransactionalId");
      visit(m.transaction_state, "TransactionState");
      visit(m.transaction_timeout_ms, "TransactionTimeoutMs");
      visit(m.transaction_start_time_ms, "TransactionStartTimeMs");
      visit(m.producer_id, "ProducerId");
      visit(m.producer_epoch, "ProducerEpoch");
      visit(m.topics, "Topics");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<TransactionState> transaction_states{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.transaction_states, "TransactionStates");
  }
};

}  // namespace kz::kafka
