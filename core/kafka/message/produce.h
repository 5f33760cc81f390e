// Produce, api key 0: appends record batches to partitions. Source: ProduceRequest.json, ProduceResponse.json @ 3.4.0.
//   v1: throttle time.  v2: log append time.  v3: transactional id, record format v2 (KIP-98).
//   v4: may answer KAFKA_STORAGE_ERROR (KIP-112).  v5: log start offset (KAFKA-5793).
//   v6: as v5, answered before throttling (KIP-219).  v7: zstd (KIP-110).
//   v8: which records were refused, and why (KIP-467).  v9: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ProduceRequest {
  static constexpr const char* kName = "ProduceRequest";
  static constexpr int16_t kApiKey = 0, kMinVersion = 0, kMaxVersion = 9, kFlexibleSince = 9;

  struct PartitionProduceData {
    int32_t index = 0;
    std::optional<Slice> records{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.index, "Index");
      visit(m.records, "Records", always().record_data());
    }
  };

  struct TopicProduceData {
    std::string name{};
    std::vector<PartitionProduceData> partition_data{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partition_data, "PartitionData");
    }
  };

  std::optional<std::string> transactional_id{};
  int16_t acks = 0;
  int32_t timeout_ms = 0;
  std::vector<TopicProduceData> topic_data{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.transactional_id, "TransactionalId", since(3));
    visit(m.acks, "Acks");
    visit(m.timeout_ms, "TimeoutMs");
    visit(m.topic_data, "TopicData");
  }
};

struct ProduceResponse {
  static constexpr const char* kName = "ProduceResponse";
  static constexpr int16_t kApiKey = 0, kMinVersion = 0, kMaxVersion = 9, kFlexibleSince = 9;

  struct BatchIndexAndErrorMessage {
    int32_t batch_index = 0;
    std::optional<std::string> batch_index_error_message{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.batch_index, "BatchIndex", since(8));
      visit(m.batch_index_error_message, "BatchIndexErrorMessage", since(8));
    }
  };

  struct PartitionProduceResponse {
    int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    int64_t base_offset = 0;
    int64_t log_append_time_ms = -1;
    int64_t log_start_offset = -1;
    std::vector<BatchIndexAndErrorMessage> record_errors{};
    std::optional<std::string> error_message{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.index, "Index");
      visit(m.error_code, "ErrorCode");
      visit(m.base_offset, "BaseOffset");
      visit(m.log_append_time_ms, "LogAppendTimeMs", since(2).ignorable());
      visit(m.log_start_offset, "LogStartOffset", since(5).ignorable());
      visit(m.record_errors, "RecordErrors", since(8).ignorable());
      visit(m.error_message, "ErrorMessage", since(8).ignorable());
    }
  };

  struct TopicProduceResponse {
    std::string name{};
    std::vector<PartitionProduceResponse> partition_responses{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partition_responses, "PartitionResponses");
    }
  };

  std::vector<TopicProduceResponse> responses{};
  int32_t throttle_time_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.responses, "Responses");
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
  }
};

}  // namespace kz::kafka
