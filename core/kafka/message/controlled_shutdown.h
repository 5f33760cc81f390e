// ControlledShutdown, api key 7: a broker asks the controller to move its leaders away.
// Source: ControlledShutdownRequest.json, ControlledShutdownResponse.json @ 3.4.0.
//   v0: the one request whose header has no client id.  v1: ordinary header.  v2: broker epoch (KIP-380).
//   v3: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ControlledShutdownRequest {
  static constexpr const char* kName = "ControlledShutdownRequest";
  static constexpr int16_t kApiKey = 7, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  int32_t broker_id = 0;
  int64_t broker_epoch = -1;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.broker_id, "BrokerId");
    visit(m.broker_epoch, "BrokerEpoch", since(2).ignorable());
  }
};

struct ControlledShutdownResponse {
  static constexpr const char* kName = "ControlledShutdownResponse";
  static constexpr int16_t kApiKey = 7, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  struct RemainingPartition {
    std::string topic_name{};
    int32_t partition_index = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName");
      visit(m.partition_index, "PartitionIndex");
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<RemainingPartition> remaining_partitions{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.remaining_partitions, "RemainingPartitions");
  }
};

}  // namespace kz::kafka
