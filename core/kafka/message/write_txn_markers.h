// WriteTxnMarkers, api key 27: the coordinator has the leaders write the end of a transaction.
// Source: WriteTxnMarkersRequest.json, WriteTxnMarkersResponse.json @ 3.4.0.
//   v1: flexible. Since 0.11 (KIP-98).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct WriteTxnMarkersRequest {
  static constexpr const char* kName = "WriteTxnMarkersRequest";
  static constexpr int16_t kApiKey = 27, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct WritableTxnMarkerTopic {
    std::string name{};
    std::vector<int32_t> partition_indexes{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partition_indexes, "PartitionIndexes");
    }
  };

  struct WritableTxnMarker {
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    bool transaction_result = false;
    std::vector<WritableTxnMarkerTopic> topics{};
    int32_t coordinator_epoch = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.producer_id, "ProducerId");
      visit(m.producer_epoch, "ProducerEpoch");
      visit(m.transaction_result, "TransactionResult");
      visit(m.topics, "Topics");
      visit(m.coordinator_epoch, "CoordinatorEpoch");
    }
  };

  std::vector<WritableTxnMarker> markers{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.markers, "Markers"); }
};

struct WriteTxnMarkersResponse {
  static constexpr const char* kName = "WriteTxnMarkersResponse";
  static constexpr int16_t kApiKey = 27, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct WritableTxnMarkerPartitionResult {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct WritableTxnMarkerTopicResult {
    std::string name{};
    std::vector<WritableTxnMarkerPartitionResult> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  struct WritableTxnMarkerResult {
    int64_t producer_id = 0;
    std::vector<WritableTxnMarkerTopicResult> topics{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.producer_id, "ProducerId");
      visit(m.topics, "Topics");
    }
  };

  std::vector<WritableTxnMarkerResult> markers{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.markers, "Markers"); }
};

}  // namespace kz::kafka
