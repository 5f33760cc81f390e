// TxnOffsetCommit, api key 28: commits offsets within a transaction.
// Source: TxnOffsetCommitRequest.json, TxnOffsetCommitResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: leader epoch (KIP-320).
//   v3: flexible; generation and member, as a fence (KIP-447).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct TxnOffsetCommitRequest {
  static constexpr const char* kName = "TxnOffsetCommitRequest";
  static constexpr int16_t kApiKey = 28, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  struct TxnOffsetCommitRequestPartition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;
    int32_t committed_leader_epoch = -1;
    std::optional<std::string> committed_metadata = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.committed_offset, "CommittedOffset");
      visit(m.committed_leader_epoch, "CommittedLeaderEpoch", since(2).ignorable());
      visit(m.committed_metadata, "CommittedMetadata");
    }
  };

  struct TxnOffsetCommitRequestTopic {
    std::string name{};
    std::vector<TxnOffsetCommitRequestPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  std::string transactional_id{};
  std::string group_id{};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  int32_t generation_id = -1;
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  std::vector<TxnOffsetCommitRequestTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.transactional_id, "TransactionalId");
    visit(m.group_id, "GroupId");
    visit(m.producer_id, "ProducerId");
    visit(m.producer_epoch, "ProducerEpoch");
    visit(m.generation_id, "GenerationId", since(3));
    visit(m.member_id, "MemberId", since(3));
    visit(m.group_instance_id, "GroupInstanceId", since(3));
    visit(m.topics, "Topics");
  }
};

struct TxnOffsetCommitResponse {
  static constexpr const char* kName = "TxnOffsetCommitResponse";
  static constexpr int16_t kApiKey = 28, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  struct TxnOffsetCommitResponsePartition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct TxnOffsetCommitResponseTopic {
    std::string name{};
    std::vector<TxnOffsetCommitResponsePartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<TxnOffsetCommitResponseTopic> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
