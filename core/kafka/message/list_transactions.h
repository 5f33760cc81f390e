// ListTransactions, api key 66: the transactional ids that a broker coordinates (KIP-664).
// Source: ListTransactionsRequest.json, ListTransactionsResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ListTransactionsRequest {
  static constexpr const char* kName = "ListTransactionsRequest";
  static constexpr int16_t kApiKey = 66, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  std::vector<std::string> state_filters{};
  std::vector<int64_t> producer_id_filters{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.state_filters, "StateFilters");
    visit(m.producer_id_filters, "ProducerIdFilters");
  }
};

struct ListTransactionsResponse {
  static constexpr const char* kName = "ListTransactionsResponse";
  static constexpr int16_t kApiKey = 66, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct TransactionState {
    std::string transactional_id{};
    int64_t producer_id = 0;
    std::string transaction_state{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.transactional_id, "TransactionalId");
      visit(m.producer_id, "ProducerId");
      visit(m.transaction_state, "TransactionState");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string> unknown_state_filters{};
  std::vector<TransactionState> transaction_states{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.unknown_state_filters, "UnknownStateFilters");
    visit(m.transaction_states, "TransactionStates");
  }
};

}  // namespace kz::kafka
