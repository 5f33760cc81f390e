// DescribeProducers, api key 61: the active producers of partitions (KIP-664).
// Source: DescribeProducersRequest.json, DescribeProducersResponse.json @ 3.4.0.
//   v0: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeProducersRequest {
  static constexpr const char* kName = "DescribeProducersRequest";
  static constexpr int16_t kApiKey = 61, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct TopicRequest {
    std::string name{};
    std::vector<int32_t> partition_indexes{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partition_indexes, "PartitionIndexes");
    }
  };

  std::vector<TopicRequest> topics{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.topics, "Topics"); }
};

struct DescribeProducersResponse {
  static constexpr const char* kName = "DescribeProducersResponse";
  static constexpr int16_t kApiKey = 61, kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = 0;

  struct ProducerState {
    int64_t producer_id = 0;
    int32_t producer_epoch = 0;
    int32_t last_sequence = -1;
    int64_t last_timestamp = -1;
    int32_t coordinator_epoch = 0;
    int64_t current_txn_start_offset = -1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.producer_id, "ProducerId");
      visit(m.producer_epoch, "ProducerEpoch");
      visit(m.last_sequence, "LastSequence");
      visit(m.last_timestamp, "LastTimestamp");
      visit(m.coordinator_epoch, "CoordinatorEpoch");
      visit(m.current_txn_start_offset, "CurrentTxnStartOffset");
    }
  };

  struct PartitionResponse {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message{};
    std::vector<ProducerState> active_producers{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
      visit(m.active_producers, "ActiveProducers");
    }
  };

  struct TopicResponse {
    std::string name{};
    std::vector<PartitionResponse> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<TopicResponse> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
