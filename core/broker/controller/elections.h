// Who leads a partition: pure functions. Source: Election.scala and PartitionLeaderElectionAlgorithms @ 3.4.0.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "core/broker/zk/payloads.h"

namespace kz::broker {

enum class ElectionKind : uint8_t { kOffline, kReassign, kPreferred, kControlledShutdown };

struct ElectionInput {
  TopicPartition tp;
  PartitionStateNode current;
  std::vector<BrokerId> replicas;         // assignment
  std::vector<BrokerId> target_replicas;  // of a reassignment, else the assignment
  bool unclean_allowed = false;
};

struct ElectionResult {
  std::optional<PartitionStateNode> state;  // none: no leader can be chosen. leader_epoch is already raised
  std::vector<BrokerId> recipients;         // live replicas, who get LeaderAndIsr
};

// online: live, not shutting down and its directory not failed. shutting_down: those brokers that leave.
// recovery_supported: inter.broker.protocol.version 3.2 or later (KIP-704).
ElectionResult elect_leader(ElectionKind kind, const ElectionInput& input, bool recovery_supported,
                            const std::function<bool(BrokerId)>& online,
                            const std::function<bool(BrokerId)>& shutting_down);

}  // namespace kz::broker
