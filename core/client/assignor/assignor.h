// Who of a consumer group reads what: the assignors that Java has. Pure functions, run by the group's leader.
// Source: RangeAssignor, RoundRobinAssignor, AbstractStickyAssignor, CooperativeStickyAssignor @ 3.4.0; KIP-54,
// KIP-429.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/cluster.h"
#include "core/kafka/consumer_protocol.h"

namespace kz::client {

enum class Strategy : uint8_t { kRange, kRoundRobin, kSticky, kCooperativeSticky };

// "range", "roundrobin", "sticky", "cooperative-sticky": the names in JoinGroup.
std::string_view strategy_name(Strategy strategy);
std::optional<Strategy> strategy_from_name(std::string_view name);
// By Java's class name, e.g. "org.apache.kafka.clients.consumer.RangeAssignor", or by the name above.
std::optional<Strategy> strategy_from_class(std::string_view class_name);

// What one member of the group said of itself.
struct GroupMemberInfo {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::vector<std::string> topics;
  std::vector<TopicPartition> owned;  // sticky ones: what it had
  int32_t generation = -1;            // in which it had that
};
using GroupAssignment = std::map<std::string, std::vector<TopicPartition>>;  // by member id

// partitions: number of partitions of each topic known.
GroupAssignment assign_partitions(Strategy strategy, const std::vector<GroupMemberInfo>& members,
                                  const std::map<std::string, int32_t>& partitions);

// The metadata that a member of this strategy sends, and what the leader reads from it.
Slice member_metadata(Strategy strategy, const std::vector<std::string>& topics,
                      const std::vector<TopicPartition>& owned, int32_t generation);
std::optional<GroupMemberInfo> read_member(Strategy strategy, std::string member_id,
                                           std::optional<std::string> instance_id, const Slice& metadata);

// Of sticky.cc.
GroupAssignment assign_sticky(const std::vector<GroupMemberInfo>& members,
                              const std::map<std::string, int32_t>& partitions);

}  // namespace kz::client
