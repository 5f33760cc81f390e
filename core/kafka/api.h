// The table of Kafka's APIs: what exists, and what brokers of 3.4.0 and 2.7.1 in ZooKeeper mode advertise. KRaft's own
// (52-55, 59, 62-64) are left out. Version ranges that we encode live in the messages (message/<name>.h; a test
// compares them with this table); what our broker advertises is computed from its registered handlers. Source:
// ApiKeys.java @ 3.4.0 and 2.7.1.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "core/kafka/codec.h"

namespace kz::kafka {

// X(key, name, max 3.4.0, max 2.7.1 or -1 where 2.7.1 has none, flexible since, sent between brokers). All minima are
// 0. Messages are <name>Request and <name>Response.
// clang-format off
#define KZ_KAFKA_API_TABLE(X) \
  X(0, Produce, 9, 8, 9, false) \
  X(1, Fetch, 13, 12, 12, true) \
  X(2, ListOffsets, 7, 5, 6, true) \
  X(3, Metadata, 12, 9, 9, true) \
  X(4, LeaderAndIsr, 7, 4, 4, true) \
  X(5, StopReplica, 4, 3, 2, true) \
  X(6, UpdateMetadata, 8, 6, 6, true) \
  X(7, ControlledShutdown, 3, 3, 3, true) \
  X(8, OffsetCommit, 8, 8, 8, false) \
  X(9, OffsetFetch, 8, 7, 6, false) \
  X(10, FindCoordinator, 4, 3, 3, false) \
  X(11, JoinGroup, 9, 7, 6, false) \
  X(12, Heartbeat, 4, 4, 4, false) \
  X(13, LeaveGroup, 5, 4, 4, false) \
  X(14, SyncGroup, 5, 5, 4, false) \
  X(15, DescribeGroups, 5, 5, 5, false) \
  X(16, ListGroups, 4, 4, 3, false) \
  X(17, SaslHandshake, 1, 1, kNeverFlexible, true) \
  X(18, ApiVersions, 3, 3, 3, true) \
  X(19, CreateTopics, 7, 6, 5, false) \
  X(20, DeleteTopics, 6, 5, 4, false) \
  X(21, DeleteRecords, 2, 2, 2, false) \
  X(22, InitProducerId, 4, 4, 2, false) \
  X(23, OffsetForLeaderEpoch, 4, 3, 4, true) \
  X(24, AddPartitionsToTxn, 3, 2, 3, false) \
  X(25, AddOffsetsToTxn, 3, 2, 3, false) \
  X(26, EndTxn, 3, 2, 3, false) \
  X(27, WriteTxnMarkers, 1, 0, 1, true) \
  X(28, TxnOffsetCommit, 3, 3, 3, false) \
  X(29, DescribeAcls, 3, 2, 2, false) \
  X(30, CreateAcls, 3, 2, 2, false) \
  X(31, DeleteAcls, 3, 2, 2, false) \
  X(32, DescribeConfigs, 4, 3, 4, false) \
  X(33, AlterConfigs, 2, 1, 2, false) \
  X(34, AlterReplicaLogDirs, 2, 1, 2, false) \
  X(35, DescribeLogDirs, 4, 2, 2, false) \
  X(36, SaslAuthenticate, 2, 2, 2, true) \
  X(37, CreatePartitions, 3, 3, 2, false) \
  X(38, CreateDelegationToken, 3, 2, 2, false) \
  X(39, RenewDelegationToken, 2, 2, 2, false) \
  X(40, ExpireDelegationToken, 2, 2, 2, false) \
  X(41, DescribeDelegationToken, 3, 2, 2, false) \
  X(42, DeleteGroups, 2, 2, 2, false) \
  X(43, ElectLeaders, 2, 2, 2, false) \
  X(44, IncrementalAlterConfigs, 1, 1, 1, false) \
  X(45, AlterPartitionReassignments, 0, 0, 0, false) \
  X(46, ListPartitionReassignments, 0, 0, 0, false) \
  X(47, OffsetDelete, 0, 0, kNeverFlexible, false) \
  X(48, DescribeClientQuotas, 1, 0, 1, false) \
  X(49, AlterClientQuotas, 1, 0, 1, false) \
  X(50, DescribeUserScramCredentials, 0, 0, 0, false) \
  X(51, AlterUserScramCredentials, 0, 0, 0, false) \
  X(56, AlterPartition, 2, 0, 0, true) \
  X(57, UpdateFeatures, 1, 0, 0, false) \
  X(58, Envelope, 0, -1, 0, true) \
  X(60, DescribeCluster, 0, -1, 0, false) \
  X(61, DescribeProducers, 0, -1, 0, false) \
  X(65, DescribeTransactions, 0, -1, 0, false) \
  X(66, ListTransactions, 0, -1, 0, false) \
  X(67, AllocateProducerIds, 0, -1, 0, true)
// clang-format on

enum class ApiKey : int16_t {
#define X(key, name, max34, max27, flexible, inter) k##name = key,
  KZ_KAFKA_API_TABLE(X)
#undef X
};

struct ApiInfo {
  int16_t key;
  std::string_view name;
  int16_t max_version;      // of a 3.4.0 broker
  int16_t max_version_2_7;  // of a 2.7.1 broker; -1: unknown to it
  int16_t flexible_since;   // kNeverFlexible
  bool broker_to_broker;    // needs CLUSTER_ACTION (or is used on both sides, as Fetch and Metadata are)
};

inline constexpr ApiInfo kApis[] = {
#define X(key, name, max34, max27, flexible, inter) {key, #name, max34, max27, flexible, inter},
    KZ_KAFKA_API_TABLE(X)
#undef X
};

// Null for keys that a ZooKeeper-mode broker does not know.
constexpr const ApiInfo* find_api(int16_t key) {
  // Keys ascend from 0 without a gap up to 51.
  if (key >= 0 && key < 52) return &kApis[key];
  for (const ApiInfo& api : kApis) {
    if (api.key == key) return &api;
  }
  return nullptr;
}
// "Fetch"; "unknown" for unknown keys.
constexpr std::string_view api_name(int16_t key) {
  const ApiInfo* api = find_api(key);
  return api != nullptr ? api->name : "unknown";
}

}  // namespace kz::kafka
