// CreateTopics, api key 19: creates topics. Source: CreateTopicsRequest.json, CreateTopicsResponse.json @ 3.4.0.
//   v1: validation only, error messages.  v2: throttle time.  v3: answered before throttling (KIP-219).
//   v4: -1 for the broker's default of partitions and replicas (KIP-464).
//   v5: flexible; the configuration in the answer (KIP-525).  v6: may answer THROTTLING_QUOTA_EXCEEDED (KIP-599).
//   v7: topic id in the answer (KIP-516).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct CreateTopicsRequest {
  static constexpr const char* kName = "CreateTopicsRequest";
  static constexpr int16_t kApiKey = 19, kMinVersion = 0, kMaxVersion = 7, kFlexibleSince = 5;

  struct CreatableReplicaAssignment {
    int32_t partition_index = 0;
    std::vector<int32_t> broker_ids{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.broker_ids, "BrokerIds");
    }
  };

  struct CreateableTopicConfig {
    std::string name{};
    std::optional<std::string> value = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.value, "Value");
    }
  };

  struct CreatableTopic {
    std::string name{};
    int32_t num_partitions = 0;
    int16_t replication_factor = 0;
    std::vector<CreatableReplicaAssignment> assignments{};
    std::vector<CreateableTopicConfig> configs{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.num_partitions, "NumPartitions");
      visit(m.replication_factor, "ReplicationFactor");
      visit(m.assignments, "Assignments");
      visit(m.configs, "Configs");
    }
  };

  std::vector<CreatableTopic> topics{};
  int32_t timeout_ms = 60000;
  bool validate_only = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.topics, "Topics");
    visit(m.timeout_ms, "timeoutMs");
    visit(m.validate_only, "validateOnly", since(1));
  }
};

struct CreateTopicsResponse {
  static constexpr const char* kName = "CreateTopicsResponse";
  static constexpr int16_t kApiKey = 19, kMinVersion = 0, kMaxVersion = 7, kFlexibleSince = 5;

  struct CreatableTopicConfigs {
    std::string name{};
    std::optional<std::string> value = "";
    bool read_only = false;
    int8_t config_source = -1;
    bool is_sensitive = false;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", since(5));
      visit(m.value, "Value", since(5));
      visit(m.read_only, "ReadOnly", since(5));
      visit(m.config_source, "ConfigSource", since(5).ignorable());
      visit(m.is_sensitive, "IsSensitive", since(5));
    }
  };

  struct CreatableTopicResult {
    std::string name{};
    Uuid topic_id{};
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";
    ErrorCode topic_config_error_code = ErrorCode::kNone;
    int32_t num_partitions = -1;
    int16_t replication_factor = -1;
    std::optional<std::vector<CreatableTopicConfigs>> configs = std::vector<CreatableTopicConfigs>{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.topic_id, "TopicId", since(7).ignorable());
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage", since(1).ignorable());
      visit(m.num_partitions, "NumPartitions", since(5).ignorable());
      visit(m.replication_factor, "ReplicationFactor", since(5).ignorable());
      visit(m.configs, "Configs", since(5).ignorable());
    }
    static constexpr void tagged_fields(auto&& visit, auto& m) {
      visit(0, m.topic_config_error_code, "TopicConfigErrorCode", since(5).ignorable());
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<CreatableTopicResult> topics{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(2).ignorable());
    visit(m.topics, "Topics");
  }
};

}  // namespace kz::kafka
