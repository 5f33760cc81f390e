// What every broker knows of the cluster: live brokers, controller, topics and the state of their partitions. One image
// is immutable and replaced as a whole; Metadata requests answer from it only.
// Source: ZkMetadataCache.scala @ 3.4.0. Thread rule: images are shared, const and thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/kafka/uuid.h"
#include "core/ports_log.h"

namespace kz::broker {

// Values of PartitionInfo::leader beside broker ids (LeaderAndIsr.scala).
inline constexpr BrokerId kNoLeader = -1;
inline constexpr BrokerId kLeaderDuringDelete = -2;

struct Endpoint {
  std::string listener;           // "PLAINTEXT"
  std::string security_protocol;  // "PLAINTEXT", "SSL", ...
  std::string host;
  int32_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct BrokerInfo {
  BrokerId id = -1;
  std::vector<Endpoint> endpoints;
  std::optional<std::string> rack;
  int64_t epoch = -1;  // czxid of its registration
  // The endpoint of a listener, or null.
  const Endpoint* endpoint(std::string_view listener) const;
  friend bool operator==(const BrokerInfo&, const BrokerInfo&) = default;
};

struct PartitionInfo {
  BrokerId leader = kNoLeader;
  LeaderEpoch leader_epoch = -1;
  int32_t partition_epoch = -1;  // version of the state znode
  int32_t controller_epoch = -1;
  std::vector<BrokerId> replicas;  // empty: this partition number is not known
  std::vector<BrokerId> isr;
  std::vector<BrokerId> offline;  // replicas on failed directories
  friend bool operator==(const PartitionInfo&, const PartitionInfo&) = default;
};

struct TopicInfo {
  std::string name;
  kafka::Uuid id;                         // zero below inter.broker.protocol.version 2.8
  std::vector<PartitionInfo> partitions;  // index = partition number
  const PartitionInfo* partition(int32_t number) const;
};

// A step from one image to the next: the list of live brokers replaces the old one, partitions are deltas (leader
// kLeaderDuringDelete removes one). The content of an UpdateMetadata request.
struct MetadataUpdate {
  struct Topic {
    std::string name;
    kafka::Uuid id;
    std::vector<std::pair<int32_t, PartitionInfo>> partitions;
  };
  BrokerId controller_id = -1;
  int32_t controller_epoch = -1;
  std::vector<BrokerInfo> live_brokers;
  std::vector<Topic> topics;
};

class MetadataImage {
 public:
  using Topics = std::map<std::string, std::shared_ptr<const TopicInfo>, std::less<>>;

  BrokerId controller_id() const { return controller_id_; }  // -1 = none known
  const std::map<BrokerId, BrokerInfo>& brokers() const { return brokers_; }
  const BrokerInfo* broker(BrokerId id) const;
  bool alive(BrokerId id) const { return broker(id) != nullptr; }
  const Topics& topics() const { return topics_; }
  const TopicInfo* topic(std::string_view name) const;
  const TopicInfo* topic(kafka::Uuid id) const;
  const PartitionInfo* partition(std::string_view topic_name, int32_t number) const;

  // The image after an update. Unchanged topics are shared with this one.
  std::shared_ptr<const MetadataImage> apply(const MetadataUpdate& update) const;

 private:
  BrokerId controller_id_ = -1;
  std::map<BrokerId, BrokerInfo> brokers_;
  Topics topics_;
  std::map<kafka::Uuid, std::shared_ptr<const TopicInfo>> by_id_;
};

using MetadataImagePtr = std::shared_ptr<const MetadataImage>;

}  // namespace kz::broker
