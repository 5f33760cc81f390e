// Records of __transaction_state: an int16 version, then the body. A null value is a tombstone.
// Source: TransactionLog{Key,Value}.json, TransactionLog.scala @ 3.4.0; KIP-98. Version 0 alone exists.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct TransactionLogKey {
  static constexpr const char* kName = "TransactionLogKey";
  static constexpr int16_t kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = kNeverFlexible;

  std::string transactional_id{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.transactional_id, "TransactionalId"); }
};

struct TransactionLogValue {
  static constexpr const char* kName = "TransactionLogValue";
  static constexpr int16_t kMinVersion = 0, kMaxVersion = 0, kFlexibleSince = kNeverFlexible;

  struct PartitionsSchema {
    std::string topic{};
    std::vector<int32_t> partition_ids{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partition_ids, "PartitionIds");
    }
  };

  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  int32_t transaction_timeout_ms = 0;
  int8_t transaction_status = 0;
  std::optional<std::vector<PartitionsSchema>> transaction_partitions = std::vector<PartitionsSchema>{};
  int64_t transaction_last_update_timestamp_ms = 0;
  int64_t transaction_start_timestamp_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.producer_id, "ProducerId");
    visit(m.producer_epoch, "ProducerEpoch");
    visit(m.transaction_timeout_ms, "TransactionTimeoutMs");
    visit(m.transaction_status, "TransactionStatus");
    visit(m.transaction_partitions, "TransactionPartitions");
    visit(m.transaction_last_update_timestamp_ms, "TransactionLastUpdateTimestampMs");
    visit(m.transaction_start_timestamp_ms, "TransactionStartTimestampMs");
  }
};

}  // namespace kz::kafka
