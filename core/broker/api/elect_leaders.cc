// ElectLeaders: preferred and unclean elections by request. Source: KafkaApis.handleElectLeaders @ 3.4.0; KIP-460.
#include "core/kafka/message/elect_leaders.h"

#include "core/broker/api/admin_handlers.h"

namespace kz::broker {

using kafka::ElectLeadersRequest;
using kafka::ElectLeadersResponse;
using kafka::ErrorCode;

namespace {

// Kafka's texts where an election did not happen (KafkaController.processReplicaLeaderElection).
std::optional<std::string> text_of(ErrorCode code, const TopicPartition& tp) {
  switch (code) {
    case ErrorCode::kNone:
      return std::nullopt;
    case ErrorCode::kElectionNotNeeded:
      return "Leader election not needed for topic partition.";
    case ErrorCode::kUnknownTopicOrPartition:
      return "The partition does not exist.";
    case ErrorCode::kPreferredLeaderNotAvailable:
    case ErrorCode::kEligibleLeadersNotAvailable:
      return "Failed to elect leader for partition " + tp.topic + "-" + std::to_string(tp.partition) +
             " under strategy " +
             (code == ErrorCode::kPreferredLeaderNotAvailable ? "PreferredReplicaPartitionLeaderElectionStrategy"
                                                              : "OfflinePartitionLeaderElectionStrategy(true)");
    default:
      return std::string(kafka::error_message(code));
  }
}

}  // namespace

void handle_elect_leaders(Controller& controller, RequestContext& context, ElectLeadersRequest&& request) {
  constexpr int8_t kUnclean = 1;
  if (!controller.active()) {
    ElectLeadersResponse response;
    response.error_code = ErrorCode::kNotController;
    context.respond(response);
    return;
  }
  std::vector<TopicPartition> partitions;
  const bool all = !request.topic_partitions;
  if (request.topic_partitions) {
    for (const auto& topic : *request.topic_partitions) {
      for (const int32_t p : topic.partitions) partitions.push_back({topic.topic, p});
    }
  }
  auto later = std::make_shared<RequestContext>(context.respond_later());
  controller.elect_leaders(request.election_type == kUnclean, std::move(partitions), all,
                           [later](const std::map<TopicPartition, ErrorCode>& results) {
                             ElectLeadersResponse response;
                             for (const auto& [tp, code] : results) {
                               auto& topics = response.replica_election_results;
                               if (topics.empty() || topics.back().topic != tp.topic) topics.push_back({tp.topic, {}});
                               topics.back().partition_result.push_back({tp.partition, code, text_of(code, tp)});
                             }
                             later->respond(response);
                           });
}

}  // namespace kz::broker
