// DeleteRecords, api key 21: moves the log start offset up.
// Source: DeleteRecordsRequest.json, DeleteRecordsResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible. Since 0.11 (KIP-107).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DeleteRecordsRequest {
  static constexpr const char* kName = "DeleteRecordsRequest";
  static constexpr int16_t kApiKey = 21, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  struct DeleteRecordsPartition {
    int32_t partition_index = 0;
    int64_t offset = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.offset, "Offset");
    }
  };

  struct DeleteRecordsTopic {
    std::string name{};
    std::vector<DeleteRecordsPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  std::vector<DeleteRecordsTopic> topics{};
  int32_t timeout_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.topics, "Topics");
    visit(m.timeout_ms, "TimeoutMs");
  }
};

struct DeleteRecordsResponse {
  static constexpr const char* kName = "DeleteRecordsResponse";
  static constexpr int16_t kApiKey = 21, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  struct DeleteRecordsPartitionResult {
    int32_t partition_index = 0;
    int64_t low_watermark = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.low_watermark, "LowWatermark");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct DeleteRecordsTopicResult {
    std::string name{};
    std::vector<DeleteRecordsPartitionResult> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<DeleteRecordsTopicResult> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
