// What a client knows of the cluster: brokers, topics and leaders, from Metadata responses. Source: Cluster.java
// @ 3.4.0.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/kafka/error.h"
#include "core/kafka/message/metadata.h"
#include "core/kafka/uuid.h"

namespace kz::client {

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  std::string text() const { return topic + "-" + std::to_string(partition); }
};

struct ClusterNode {
  BrokerId id = -1;
  std::string host;
  uint16_t port = 0;
  std::optional<std::string> rack;
  // "host:port (id: 1 rack: null)", as Java prints a node.
  std::string text() const {
    return host + ":" + std::to_string(port) + " (id: " + std::to_string(id) + " rack: " + rack.value_or("null") + ")";
  }
};

struct PartitionInfo {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  BrokerId leader = -1;  // -1 = none
  LeaderEpoch leader_epoch = -1;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> isr;
  std::vector<BrokerId> offline;
};

struct TopicInfo {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  kafka::Uuid id;
  bool internal = false;
  std::map<int32_t, PartitionInfo> partitions;
};

struct Cluster {
  std::string id;
  BrokerId controller = -1;
  std::map<BrokerId, ClusterNode> nodes;
  std::map<std::string, TopicInfo> topics;

  const PartitionInfo* find(const TopicPartition& tp) const {
    auto topic = topics.find(tp.topic);
    if (topic == topics.end()) return nullptr;
    auto partition = topic->second.partitions.find(tp.partition);
    return partition == topic->second.partitions.end() ? nullptr : &partition->second;
  }
  // Leader of a partition, -1 when not known.
  BrokerId leader(const TopicPartition& tp) const {
    const PartitionInfo* p = find(tp);
    return p == nullptr ? -1 : p->leader;
  }
  const TopicInfo* topic(const std::string& name) const {
    auto it = topics.find(name);
    return it == topics.end() ? nullptr : &it->second;
  }
};

TopicInfo topic_info(const kafka::MetadataResponse::MetadataResponseTopic& topic);
Cluster cluster_from(const kafka::MetadataResponse& response);

}  // namespace kz::client
