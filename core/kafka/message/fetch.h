// Fetch, api key 1: reads record batches; long poll, fetch sessions, and what followers replicate with.
// Source: FetchRequest.json, FetchResponse.json @ 3.4.0.
//   v1: throttle time.  v2: record format v1.  v3: limit for the whole answer, partitions in order (KIP-74).
//   v4: isolation level, aborted transactions, record format v2 (KIP-98).  v5: log start offset (KIP-107).
//   v6: may answer KAFKA_STORAGE_ERROR (KIP-112).  v7: sessions (KIP-227).  v8: answered before throttling (KIP-219).
//   v9: leader epoch as a fence (KIP-320).  v10: zstd (KIP-110).  v11: rack, preferred replica (KIP-392).
//   v12: flexible; divergence and the new leader in tags (KIP-595).  v13: topic ids for names (KIP-516).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct FetchRequest {
  static constexpr const char* kName = "FetchRequest";
  static constexpr int16_t kApiKey = 1, kMinVersion = 0, kMaxVersion = 13, kFlexibleSince = 12;

  struct FetchPartition {
    int32_t partition = 0;
    int32_t current_leader_epoch = -1;
    int64_t fetch_offset = 0;
    int32_t last_fetched_epoch = -1;
    int64_t log_start_offset = -1;
    int32_t partition_max_bytes = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition, "Partition");
      visit(m.current_leader_epoch, "CurrentLeaderEpoch", since(9).ignorable());
      visit(m.fetch_offset, "FetchOffset");
      visit(m.last_fetched_epoch, "LastFetchedEpoch", since(12));
      visit(m.log_start_offset, "LogStartOffset", since(5).ignorable());
      visit(m.partition_max_bytes, "PartitionMaxBytes");
    }
  };

  struct FetchTopic {
    std::string topic{};
    Uuid topic_id{};
    std::vector<FetchPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic", range(0, 12).ignorable());
      visit(m.topic_id, "TopicId", since(13).ignorable());
      visit(m.partitions, "Partitions");
    }
  };

  struct ForgottenTopic {
    std::string topic{};
    Uuid topic_id{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic", range(7, 12).ignorable());
      visit(m.topic_id, "TopicId", since(13).ignorable());
      visit(m.partitions, "Partitions", since(7));
    }
  };

  std::optional<std::string> cluster_id{};
  int32_t replica_id = 0;
  int32_t max_wait_ms = 0;
  int32_t min_bytes = 0;
  int32_t max_bytes = INT32_MAX;
  int8_t isolation_level = 0;
  int32_t session_id = 0;
  int32_t session_epoch = -1;
  std::vector<FetchTopic> topics{};
  std::vector<ForgottenTopic> forgotten_topics_data{};
  std::string rack_id{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.replica_id, "ReplicaId");
    visit(m.max_wait_ms, "MaxWaitMs");
    visit(m.min_bytes, "MinBytes");
    visit(m.max_bytes, "MaxBytes", since(3).ignorable());
    visit(m.isolation_level, "IsolationLevel", since(4).ignorable());
    visit(m.session_id, "SessionId", since(7).ignorable());
    visit(m.session_epoch, "SessionEpoch", since(7).ignorable());
    visit(m.topics, "Topics");
    visit(m.forgotten_topics_data, "ForgottenTopicsData", since(7));
    visit(m.rack_id, "RackId", since(11).ignorable());
  }
  static constexpr void tagged_fields(auto&& visit, auto& m) {
    visit(0, m.cluster_id, "ClusterId", since(12).ignorable());
  }
};

struct FetchResponse {
  static constexpr const char* kName = "FetchResponse";
  static constexpr int16_t kApiKey = 1, kMinVersion = 0, kMaxVersion = 13, kFlexibleSince = 12;

  struct EpochEndOffset {
    int32_t epoch = -1;
    int64_t end_offset = -1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.epoch, "Epoch", since(12));
      visit(m.end_offset, "EndOffset", since(12));
    }
  };

  struct LeaderIdAndEpoch {
    int32_t leader_id = -1;
    int32_t leader_epoch = -1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.leader_id, "LeaderId", since(12));
      visit(m.leader_epoch, "LeaderEpoch", since(12));
    }
  };

  struct SnapshotId {
    int64_t end_offset = -1;
    int32_t epoch = -1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.end_offset, "EndOffset");
      visit(m.epoch, "Epoch");
    }
  };

  struct AbortedTransaction {
    int64_t producer_id = 0;
    int64_t first_offset = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.producer_id, "ProducerId", since(4));
      visit(m.first_offset, "FirstOffset", since(4));
    }
  };

  struct PartitionData {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    int64_t high_watermark = 0;
    int64_t last_stable_offset = -1;
    int64_t log_start_offset = -1;
    EpochEndOffset diverging_epoch{};
    LeaderIdAndEpoch current_leader{};
    SnapshotId snapshot_id{};
    std::optional<std::vector<AbortedTransaction>> aborted_transactions = std::vector<AbortedTransaction>{};
    int32_t preferred_read_replica = -1;
    RecordsOut records{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
      visit(m.high_watermark, "HighWatermark");
      visit(m.last_stable_offset, "LastStableOffset", since(4).ignorable());
      visit(m.log_start_offset, "LogStartOffset", since(5).ignorable());
      visit(m.aborted_transactions, "AbortedTransactions", since(4).ignorable());
      visit(m.preferred_read_replica, "PreferredReadReplica", since(11));
      visit(m.records, "Records", always().record_data());
    }
    static constexpr void tagged_fields(auto&& visit, auto& m) {
      visit(0, m.diverging_epoch, "DivergingEpoch", since(12));
      visit(1, m.current_leader, "CurrentLeader", since(12));
      visit(2, m.snapshot_id, "SnapshotId", since(12));
    }
  };

  struct FetchableTopicResponse {
    std::string topic{};
    Uuid topic_id{};
    std::vector<PartitionData> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic", range(0, 12).ignorable());
      visit(m.topic_id, "TopicId", since(13).ignorable());
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int32_t session_id = 0;
  std::vector<FetchableTopicResponse> responses{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.error_code, "ErrorCode", since(7).ignorable());
    visit(m.session_id, "SessionId", since(7));
    visit(m.responses, "Responses");
  }
};

}  // namespace kz::kafka
