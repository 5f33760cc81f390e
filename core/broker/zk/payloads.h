// The JSON of Kafka's znodes, both ways. Source: kafka/zk/ZkData.scala @ 3.4.0; keys are read in any order, unknown
// ones are ignored, and the version number decides only where the original lets it. Pure functions.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/broker/metadata_image.h"
#include "core/kafka/uuid.h"
#include "core/ports_log.h"

namespace kz::broker {

// /brokers/ids/<id>, version 5 (KIP-584).
struct BrokerNode {
  BrokerId id = -1;                 // from the path
  std::vector<Endpoint> endpoints;  // hosts without brackets
  int32_t jmx_port = -1;
  std::optional<std::string> rack;
  int64_t timestamp_ms = 0;
  int64_t epoch = -1;  // czxid, from the stat
  friend bool operator==(const BrokerNode&, const BrokerNode&) = default;
};
std::string encode_broker(const BrokerNode& node);
// Versions 1 to 5.
Result<BrokerNode> decode_broker(BrokerId id, std::string_view json);

// A partition's replicas; adding and removing are the parts in flight of a reassignment (KIP-455).
struct ReplicaAssignment {
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> adding;
  std::vector<BrokerId> removing;
  bool being_reassigned() const { return !adding.empty() || !removing.empty(); }
  friend bool operator==(const ReplicaAssignment&, const ReplicaAssignment&) = default;
};

// /brokers/topics/<topic>, version 3.
struct TopicNode {
  kafka::Uuid topic_id;  // zero = none stored
  std::map<int32_t, ReplicaAssignment> partitions;
  friend bool operator==(const TopicNode&, const TopicNode&) = default;
};
std::string encode_topic(const TopicNode& node);
Result<TopicNode> decode_topic(std::string_view json);

// /brokers/topics/<topic>/partitions/<p>/state.
struct PartitionStateNode {
  BrokerId leader = kNoLeader;
  LeaderEpoch leader_epoch = 0;
  std::vector<BrokerId> isr;
  int32_t controller_epoch = 0;
  bool recovering = false;       // leader_recovery_state 1 (KIP-704)
  int32_t partition_epoch = -1;  // stat.version
  friend bool operator==(const PartitionStateNode&, const PartitionStateNode&) = default;
};
std::string encode_partition_state(const PartitionStateNode& node);
Result<PartitionStateNode> decode_partition_state(std::string_view json, int32_t zk_version);

// /config/<type>/<entity>. Values are text.
using ConfigMap = std::map<std::string, std::string>;
std::string encode_config(const ConfigMap& config);
// Empty data is an empty configuration.
Result<ConfigMap> decode_config(std::string_view json);

// /config/changes/config_change_N, version 2; version 1 is read too. entity_path: "topics/foo", "brokers/<default>".
std::string encode_config_change(std::string_view entity_path);
Result<std::string> decode_config_change(std::string_view json);

// /controller. kraft_controller_epoch: 3.4 and later write it (version 2); none = version 1.
struct ControllerNode {
  BrokerId broker = -1;
  int64_t timestamp_ms = 0;
  std::optional<int32_t> kraft_controller_epoch;
};
std::string encode_controller(const ControllerNode& node);
Result<ControllerNode> decode_controller(std::string_view json);

// /controller_epoch: a decimal number.
std::string encode_controller_epoch(int32_t epoch);
Result<int32_t> decode_controller_epoch(std::string_view text);

std::string encode_cluster_id(std::string_view id);
Result<std::string> decode_cluster_id(std::string_view json);

// /latest_producer_id_block; end inclusive.
struct ProducerIdBlock {
  BrokerId broker = -1;
  int64_t start = 0;
  int64_t end = 0;
  friend bool operator==(const ProducerIdBlock&, const ProducerIdBlock&) = default;
};
constexpr int64_t kProducerIdBlockSize = 1000;
std::string encode_producer_id_block(const ProducerIdBlock& block);
Result<ProducerIdBlock> decode_producer_id_block(std::string_view json);

// /admin/reassign_partitions.
std::string encode_reassignment(const std::map<TopicPartition, std::vector<BrokerId>>& partitions);
Result<std::map<TopicPartition, std::vector<BrokerId>>> decode_reassignment(std::string_view json);

// /admin/preferred_replica_election and /isr_change_notification/N: {"version":1,"partitions":[{topic,partition}]}.
std::string encode_partition_list(const std::vector<TopicPartition>& partitions);
Result<std::vector<TopicPartition>> decode_partition_list(std::string_view json);

// /log_dir_event_notification/N.
std::string encode_log_dir_event(BrokerId broker);
Result<BrokerId> decode_log_dir_event(std::string_view json);

// /feature, version 2 with no features (status 1 = enabled): all that a ZooKeeper-mode cluster up to 3.4 holds.
std::string encode_feature(bool enabled, bool min_levels);
// False also for what cannot be read.
bool decode_feature_enabled(std::string_view json);

}  // namespace kz::broker
