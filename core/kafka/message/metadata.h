// Metadata, api key 3: brokers, controller, topics and their partitions.
// Source: MetadataRequest.json, MetadataResponse.json @ 3.4.0.
//   v0: an empty list asks for all topics.
//   v1: a null list does, an empty one asks for none; racks, controller, internal flag (KIP-4, KIP-36).
//   v2: cluster id (KIP-78).  v3: throttle time.  v4: may forbid auto-creation.  v5: offline replicas (KIP-112).
//   v6: answered before throttling (KIP-219).  v7: leader epoch (KIP-320).  v8: authorised operations (KIP-430).
//   v9: flexible.  v10: topic ids in the answer (KIP-516).  v11: no cluster operations, see DescribeCluster (KIP-700).
//   v12: topics may be asked for by id.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct MetadataRequest {
  static constexpr const char* kName = "MetadataRequest";
  static constexpr int16_t kApiKey = 3, kMinVersion = 0, kMaxVersion = 12, kFlexibleSince = 9;

  struct MetadataRequestTopic {
    Uuid topic_id{};
    std::optional<std::string> name = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_id, "TopicId", since(10).ignorable());
      visit(m.name, "Name", always().nullable_since(10));
    }
  };

  std::optional<std::vector<MetadataRequestTopic>> topics = std::vector<MetadataRequestTopic>{};
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.topics, "Topics", always().nullable_since(1));
    visit(m.allow_auto_topic_creation, "AllowAutoTopicCreation", since(4));
    visit(m.include_cluster_authorized_operations, "IncludeClusterAuthorizedOperations", range(8, 10));
    visit(m.include_topic_authorized_operations, "IncludeTopicAuthorizedOperations", since(8));
  }
};

struct MetadataResponse {
  static constexpr const char* kName = "MetadataResponse";
  static constexpr int16_t kApiKey = 3, kMinVersion = 0, kMaxVersion = 12, kFlexibleSince = 9;

  struct MetadataResponseBroker {
    int32_t node_id = 0;
    std::string host{};
    int32_t port = 0;
    std::optional<std::string> rack{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.node_id, "NodeId");
      visit(m.host, "Host");
      visit(m.port, "Port");
      visit(m.rack, "Rack", since(1).ignorable());
    }
  };

  struct MetadataResponsePartition {
    ErrorCode error_code = ErrorCode::kNone;
    int32_t partition_index = 0;
    int32_t leader_id = 0;
    int32_t leader_epoch = -1;
    std::vector<int32_t> replica_nodes{};
    std::vector<int32_t> isr_nodes{};
    std::vector<int32_t> offline_replicas{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.partition_index, "PartitionIndex");
      visit(m.leader_id, "LeaderId");
      visit(m.leader_epoch, "LeaderEpoch", since(7).ignorable());
      visit(m.replica_nodes, "ReplicaNodes");
      visit(m.isr_nodes, "IsrNodes");
      visit(m.offline_replicas, "OfflineReplicas", since(5).ignorable());
    }
  };

  struct MetadataResponseTopic {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> name = "";
    Uuid topic_id{};
    bool is_internal = false;
    std::vector<MetadataResponsePartition> partitions{};
    int32_t topic_authorized_operations = INT32_MIN;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.name, "Name", always().nullable_since(12));
      visit(m.topic_id, "TopicId", since(10).ignorable());
      visit(m.is_internal, "IsInternal", since(1).ignorable());
      visit(m.partitions, "Partitions");
      visit(m.topic_authorized_operations, "TopicAuthorizedOperations", since(8));
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<MetadataResponseBroker> brokers{};
  std::optional<std::string> cluster_id{};
  int32_t controller_id = -1;
  std::vector<MetadataResponseTopic> topics{};
  int32_t cluster_authorized_operations = INT32_MIN;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(3).ignorable());
    visit(m.brokers, "Brokers");
    visit(m.cluster_id, "ClusterId", since(2).ignorable());
    visit(m.controller_id, "ControllerId", since(1).ignorable());
    visit(m.topics, "Topics");
    visit(m.cluster_authorized_operations, "ClusterAuthorizedOperations", range(8, 10));
  }
};

}  // namespace kz::kafka
