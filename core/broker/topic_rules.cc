#include "core/broker/topic_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace kz::broker {
namespace {

using kafka::ErrorCode;

size_t replica_index(size_t first, size_t second_shift, size_t replica, size_t brokers) {
  const size_t shift = 1 + (second_shift + replica) % (brokers - 1);
  return (first + shift) % brokers;
}

// rack1: 0,1,2 rack2: 3,4,5 -> 0,3,1,4,2,5.
std::vector<AssignmentBroker> rack_alternated(const std::vector<AssignmentBroker>& brokers) {
  std::map<std::string, std::vector<AssignmentBroker>> by_rack;
  for (const AssignmentBroker& b : brokers) by_rack[*b.rack].push_back(b);
  std::vector<AssignmentBroker> out;
  for (size_t i = 0; out.size() < brokers.size(); ++i) {
    for (const auto& [rack, members] : by_rack) {
      if (i < members.size()) out.push_back(members[i]);
    }
  }
  return out;
}

std::string broker_list(const std::vector<BrokerId>& ids) { return fmt::format("{}", fmt::join(ids, ", ")); }

}  // namespace

std::expected<Assignments, ApiError> assign_replicas(const std::vector<AssignmentBroker>& brokers, int32_t partitions,
                                                     int32_t replication_factor, Rng& rng, int32_t start_index,
                                                     int32_t first_partition) {
  if (partitions <= 0) {
    return std::unexpected(ApiError{ErrorCode::kInvalidPartitions, "Number of partitions must be larger than 0."});
  }
  if (replication_factor <= 0) {
    return std::unexpected(ApiError{ErrorCode::kInvalidReplicationFactor, "Replication factor must be larger than 0."});
  }
  if (static_cast<size_t>(replication_factor) > brokers.size()) {
    return std::unexpected(ApiError{
        ErrorCode::kInvalidReplicationFactor,
        fmt::format("Replication factor: {} larger than available brokers: {}.", replication_factor, brokers.size())});
  }
  // Racks count only if every broker has one; the API never refuses for their lack.
  const bool racks = std::ranges::all_of(brokers, [](const AssignmentBroker& b) { return b.rack.has_value(); });
  const std::vector<AssignmentBroker> order = racks ? rack_alternated(brokers) : brokers;
  const size_t n = order.size();
  std::set<std::string> all_racks;
  if (racks) {
    for (const AssignmentBroker& b : order) all_racks.insert(*b.rack);
  }
  const size_t start = start_index >= 0 ? static_cast<size_t>(start_index) : rng.below(n);
  size_t shift = start_index >= 0 ? static_cast<size_t>(start_index) : rng.below(n);
  Assignments out;
  auto partition = static_cast<size_t>(std::max(0, first_partition));
  for (int32_t i = 0; i < partitions; ++i, ++partition) {
    if (partition > 0 && partition % n == 0) ++shift;
    const size_t first = (partition + start) % n;
    std::vector<BrokerId>& replicas = out[static_cast<int32_t>(partition)];
    replicas.push_back(order[first].id);
    std::set<std::string> used_racks;
    if (racks) used_racks.insert(*order[first].rack);
    size_t k = 0;
    while (replicas.size() < static_cast<size_t>(replication_factor)) {
      const AssignmentBroker& b = order[replica_index(first, racks ? shift * all_racks.size() : shift, k++, n)];
      if (std::ranges::find(replicas, b.id) != replicas.end()) continue;
      if (racks && used_racks.contains(*b.rack) && used_racks.size() < all_racks.size()) continue;
      replicas.push_back(b.id);
      if (racks) used_racks.insert(*b.rack);
    }
  }
  return out;
}

ApiError check_assignment(const Assignments& assignments) {
  const auto bad = [](std::string text) { return ApiError{ErrorCode::kInvalidReplicaAssignment, std::move(text)}; };
  if (assignments.empty()) return bad("All partitions should have the same number of replicas");
  const size_t replicas = assignments.begin()->second.size();
  for (const auto& [index, brokers] : assignments) {
    if (brokers.size() != replicas) return bad("All partitions should have the same number of replicas");
  }
  for (const auto& [index, brokers] : assignments) {
    if (std::set<BrokerId>(brokers.begin(), brokers.end()).size() == brokers.size()) continue;
    std::vector<std::string> shown;
    for (const auto& [i, b] : assignments) shown.push_back(fmt::format("{} -> ArrayBuffer({})", i, broker_list(b)));
    return bad(fmt::format("Duplicate replica assignment found: HashMap({})", fmt::join(shown, ", ")));
  }
  int32_t expected = 0;
  for (const auto& [index, brokers] : assignments) {
    if (index != expected++) return bad("partitions should be a consecutive 0-based integer sequence");
  }
  if (replicas == 0) {
    return {ErrorCode::kInvalidReplicationFactor, "Replication factor must be larger than 0."};
  }
  return {};
}

ApiError check_added_assignment(const Assignments& assignments, size_t replication_factor,
                                const std::vector<BrokerId>& available) {
  std::vector<int32_t> odd_partitions;
  std::vector<size_t> odd_factors;
  for (const auto& [index, brokers] : assignments) {
    if (brokers.empty()) {
      return {ErrorCode::kInvalidReplicaAssignment,
              fmt::format("Cannot have replication factor of 0 for partition id {}.", index)};
    }
    if (std::set<BrokerId>(brokers.begin(), brokers.end()).size() != brokers.size()) {
      return {ErrorCode::kInvalidReplicaAssignment,
              fmt::format("Duplicate brokers not allowed in replica assignment: {} for partition id {}.",
                          broker_list(brokers), index)};
    }
    for (const BrokerId id : brokers) {
      if (std::ranges::find(available, id) != available.end()) continue;
      return {ErrorCode::kBrokerNotAvailable,
              fmt::format("Some brokers specified for partition id {} are not available. Specified brokers: {}, "
                          "available brokers: {}.",
                          index, broker_list(brokers), broker_list(available))};
    }
    if (brokers.size() != replication_factor) {
      odd_partitions.push_back(index);
      odd_factors.push_back(brokers.size());
    }
  }
  if (odd_partitions.empty()) return {};
  return {ErrorCode::kInvalidReplicaAssignment,
          fmt::format("Inconsistent replication factor between partitions, partition 0 has {} while partitions [{}] "
                      "have replication factors [{}], respectively.",
                      replication_factor, fmt::join(odd_partitions, ", "), fmt::join(odd_factors, ", "))};
}

}  // namespace kz::broker
