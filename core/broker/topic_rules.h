// Replica assignment as pure functions. The texts are Kafka's.
// Source: AdminUtils.scala, AdminZkClient.validateTopicCreate @ 3.4.0.
#pragma once
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/rng.h"
#include "core/broker/metadata_image.h"
#include "core/broker/zk/payloads.h"
#include "core/kafka/error.h"

namespace kz::broker {

// An error as an answer carries it. message empty = null.
struct ApiError {
  kafka::ErrorCode code = kafka::ErrorCode::kNone;
  std::string message;
  bool ok() const { return code == kafka::ErrorCode::kNone; }
  friend bool operator==(const ApiError&, const ApiError&) = default;
};

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
inline constexpr std::string_view kTransactionsTopic = "__transaction_state";

using Assignments = std::map<int32_t, std::vector<BrokerId>>;

struct AssignmentBroker {
  BrokerId id = -1;
  std::optional<std::string> rack;
};
// Round robin with a random start and a growing shift; alternates racks when all brokers have one. brokers in order of
// id. start_index >= 0: instead of the random one (partitions added); first_partition: their first number.
std::expected<Assignments, ApiError> assign_replicas(const std::vector<AssignmentBroker>& brokers, int32_t partitions,
                                                     int32_t replication_factor, Rng& rng, int32_t start_index = -1,
                                                     int32_t first_partition = 0);
// What validateTopicCreate says about an assignment given by hand.
ApiError check_assignment(const Assignments& assignments);
// What validateReplicaAssignment says about one for added partitions.
ApiError check_added_assignment(const Assignments& assignments, size_t replication_factor,
                                const std::vector<BrokerId>& available);

}  // namespace kz::broker
